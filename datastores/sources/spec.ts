/** Names of sources on the command line and in settings, and what they stand for. */
import { type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileError, type StoreProblem } from "../index.ts";
import { languageName } from "./languages.ts";

export type FileFormat = "parquet" | "jsonl";

export interface HubSpec {
  readonly kind: "hub";
  /** `owner/name` of the data set. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Pattern of its data files. */
  readonly files: string;
  /** Name of the only language whose rows count, as of `languageName`; absent: all rows do. */
  readonly language?: string;
}

export type SourceSpec =
  | HubSpec
  | { readonly kind: "python" }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly format: FileFormat };

type SpecOutcome = { readonly spec: SourceSpec } | { readonly problem: StoreProblem };

interface NamedSource {
  readonly repository: string;
  /** The pattern of the files with code in a language. */
  readonly files: (language: string) => string;
}

const DEFAULT_LANGUAGE = "python";
const stackFiles = (language: string) => `data/${language}/*.parquet`;

/** Data sets by a short name. */
const NAMED: Readonly<Record<string, NamedSource>> = {
  "the-stack-dedup": { repository: "bigcode/the-stack-dedup", files: stackFiles },
  "the-stack": { repository: "bigcode/the-stack", files: stackFiles },
  "the-stack-smol": {
    repository: "bigcode/the-stack-smol",
    files: language => `data/${language}/*.json`,
  },
  starcoderdata: {
    repository: "bigcode/starcoderdata",
    files: language => `${language === "c++" ? "cpp" : language}/*.parquet`,
  },
  // Its files hold all languages.
  "stack-v3": { repository: "HuggingFaceCode/stack-v3-train", files: () => "data/*.parquet" },
};

const FORMATS: readonly (readonly [ending: string, format: FileFormat])[] = [
  [".parquet", "parquet"],
  [".jsonl", "jsonl"],
  [".json", "jsonl"],
  [".jsonl.gz", "jsonl"],
  [".jsonl.zst", "jsonl"],
  [".json.gz", "jsonl"],
  [".json.zst", "jsonl"],
];
const ANY_FILE = `**/*{${FORMATS.map(([ending]) => ending).join(",")}}`;
/** Names become local folders: none may be `..`. */
const HUB = /^hub:([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([^:\s]+))?(?::(\S+))?$/;
/** Languages become patterns of files: none may have a special character. */
const SHORT = /^([\w-]+)(?:@([^:\s]+))?(?::(\w[\w+#.-]*))?$/;

/** The forms of a source, for messages and help texts. */
export const ACCEPTED_SOURCES = [
  ...Object.keys(NAMED),
  "one of these in another language than Python (the-stack-dedup:go)",
  "hub:OWNER/NAME[@REVISION][:PATTERN]",
  "python",
  "a folder",
  "a .parquet, .jsonl, .json, .jsonl.gz or .jsonl.zst file",
].join(", ");

/** BigCode's data comes with obligations for its users, which must be shown and agreed to before the first download. */
const BIGCODE_TERMS = [
  "The Stack holds source code under its authors' own permissive licences. By using it you agree to keep to",
  "those licences, attribution included; to move to the newest usable version of the data set when it",
  "changes, so that the files of people who opted out disappear from your copy; and, if you host, share or otherwise",
  "give others access to the data or to a datastore built from it, to include these terms and have them",
  "agreed to. Authors can ask for removal through BigCode's opt-out page; a datastore's deny list removes an",
  "owner's or a repository's code here. The full terms are on the data set's page and must be accepted there",
  "with the account whose token is used.",
].join(" ");

/** The format for a file's name; undefined for any other file. */
export function formatOf(path: string): FileFormat | undefined {
  const lower = path.toLowerCase();
  return FORMATS.find(([ending]) => lower.endsWith(ending))?.[1];
}

/** The terms to show before a source is read; undefined if it has none. */
export function termsOf(spec: SourceSpec): string | undefined {
  return spec.kind === "hub" && /^bigcode\//i.test(spec.repository) ? BIGCODE_TERMS : undefined;
}

/** Whether every row of the source states its licence, so that a row without one is not to be trusted. */
export function statesLicences(spec: SourceSpec): boolean {
  return (
    spec.kind === "hub" &&
    spec.repository.toLowerCase() !== NAMED.starcoderdata.repository &&
    termsOf(spec) !== undefined
  );
}

/**
 * Parses a source as written by a user. A short name takes precedence over a folder of the same name, which can be
 * given as `./NAME`. Relative paths start at `workingFolder`.
 */
export function parseSource(text: string, workingFolder: string = process.cwd()): SpecOutcome {
  const source = text.trim();
  if (source === "python") return { spec: { kind: "python" } };
  const short = parseShort(source);
  if (short) return { spec: short };
  if (source.startsWith("hub:")) return parseHub(source);
  return source === "" ? unknown(source) : parsePath(source, resolve(workingFolder, source));
}

/** The data set of a short name; undefined for any other source. */
function parseShort(source: string): HubSpec | undefined {
  const [, name = "", revision = "main", given = DEFAULT_LANGUAGE] = SHORT.exec(source) ?? [];
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (!named) return undefined;
  const language = languageName(given);
  return { kind: "hub", repository: named.repository, revision, files: named.files(language), language };
}

function parseHub(source: string): SpecOutcome {
  const parts = HUB.exec(source);
  if (!parts)
    return schema(`"${source}" is no data set of the hub.`, "Write hub:OWNER/NAME[@REVISION][:PATTERN].");
  const [, repository, revision = "main", files = ANY_FILE] = parts;
  return { spec: { kind: "hub", repository, revision, files } };
}

function parsePath(source: string, path: string): SpecOutcome {
  let status: Stats | undefined;
  try {
    status = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return { problem: fileError(error, path).problem };
  }
  if (status?.isDirectory()) return { spec: { kind: "folder", path } };
  // A build reads its inputs again when it is continued, and a pipe would keep it waiting.
  if (status && !status.isFile())
    return schema(`${path} is not a regular file.`, "Write what it gives to a file, and name that file.");
  const format = formatOf(path);
  if (status && format) return { spec: { kind: "file", path, format } };
  if (status) return schema(`${path} is not of a supported file type.`, `A source is ${ACCEPTED_SOURCES}.`);
  const isPath = format !== undefined || /[/\\]/.test(source);
  return isPath
    ? { problem: { code: "missing", message: `There is no ${path}.`, remedy: "Check the path." } }
    : unknown(source);
}

function unknown(source: string): SpecOutcome {
  const message = source === "" ? "No source is given." : `There is no source "${source}".`;
  return { problem: { code: "missing", message, remedy: `A source is ${ACCEPTED_SOURCES}.` } };
}

function schema(message: string, remedy: string): SpecOutcome {
  return { problem: { code: "schema", message, remedy } };
}
