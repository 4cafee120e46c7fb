/** The sources that a datastore can be built from, and the time and space they need. */
import { createHash } from "node:crypto";

export interface BuildSource {
  /** As in `foretoken datastore build --source`. */
  readonly source: string;
  readonly name: string;
  /** How many files of a data set. */
  readonly first?: number;
  /** Access token for a hub. */
  readonly hubToken?: string;
}

/**
 * The name of a datastore of a folder or file: its own name, made valid for a folder on every platform, and a few letters
 * that distinguish it from others of the same name.
 */
export function storeName(name: string, path: string): string {
  const letters = createHash("sha256").update(path).digest("hex").slice(0, 6);
  const safe = name.replace(/[^\p{L}\p{N}_.-]/gu, "_").replace(/^\.+/, "");
  return `${safe || "folder"}-${letters}`;
}

/** A file of the-stack-dedup: bytes to download, tokens in it, and bytes of the index for each. */
const STACK_FILE = { downloadBytes: 205e6, tokens: 110e6, indexBytesPerToken: 6.3 };
/** Tokens read, filtered, tokenized and sorted in a second, on a laptop. */
const TOKENS_PER_SECOND = 1.2e6;

export interface StackLanguage {
  /** As people write it. */
  readonly label: string;
  /** The ids of VS Code; the first one also names it in a source. */
  readonly ids: readonly string[];
  /** How many files The Stack has of it, where that is known. */
  readonly files?: number;
}

/** Languages of The Stack that are offered, Python first. */
export const STACK_LANGUAGES: readonly StackLanguage[] = [
  { label: "Python", ids: ["python"], files: 144 },
  { label: "C", ids: ["c"] },
  { label: "C++", ids: ["cpp"] },
  { label: "C#", ids: ["csharp"] },
  { label: "Dart", ids: ["dart"] },
  { label: "Elixir", ids: ["elixir"] },
  { label: "Go", ids: ["go"] },
  { label: "Haskell", ids: ["haskell"] },
  { label: "Java", ids: ["java"] },
  { label: "JavaScript", ids: ["javascript", "javascriptreact"] },
  { label: "Julia", ids: ["julia"] },
  { label: "Kotlin", ids: ["kotlin"] },
  { label: "Lua", ids: ["lua"] },
  { label: "Perl", ids: ["perl"] },
  { label: "PHP", ids: ["php"] },
  { label: "Ruby", ids: ["ruby"] },
  { label: "Rust", ids: ["rust"] },
  { label: "Scala", ids: ["scala"] },
  { label: "Shell", ids: ["shellscript"] },
  { label: "Swift", ids: ["swift"] },
  { label: "TypeScript", ids: ["typescript", "typescriptreact"] },
];

/** The offered languages, that of the document in front first. */
export function languagesFor(languageId: string | undefined): readonly StackLanguage[] {
  const isOwn = ({ ids }: StackLanguage) => languageId !== undefined && ids.includes(languageId);
  return [...STACK_LANGUAGES.filter(isOwn), ...STACK_LANGUAGES.filter(language => !isOwn(language))];
}

/** The download, disk space and time that so many files of The Stack need, in words; measured with Python. */
export function sizeOfStack(files: number): string {
  const gigabytes = (bytes: number) => `${((files * bytes) / 1e9).toFixed(1)} GB`;
  const minutes = Math.ceil((files * STACK_FILE.tokens) / TOKENS_PER_SECOND / 60);
  return `About ${gigabytes(STACK_FILE.downloadBytes)} to download, ${gigabytes(STACK_FILE.tokens * STACK_FILE.indexBytesPerToken)} on disk and ${minutes} minutes.`;
}

/** @param hubToken "" where there is none to be sent along */
export function hubSource({ ids: [id] }: StackLanguage, files: number, hubToken: string): BuildSource {
  const isPython = id === "python";
  return {
    source: isPython ? "the-stack-dedup" : `the-stack-dedup:${id}`,
    name: isPython ? "the-stack" : `the-stack-${id}`,
    first: files,
    ...(hubToken === "" ? {} : { hubToken }),
  };
}
