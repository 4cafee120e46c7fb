/** Turns a row of a table into a document: the columns that known data sets use. */
import type { SourceDocument } from "../index.ts";
import { languageName } from "./languages.ts";

/** The values of a row: text, a list of texts, or anything else, which is ignored. */
type Row = ReadonlyMap<string, unknown>;

const POPULARITIES = ["stars", "issues", "forks"] as const;
/** The first column of each kind with a value is used; the first group is The Stack's own schema. */
const PATH_COLUMNS = [
  "max_stars_repo_path",
  "max_issues_repo_path",
  "max_forks_repo_path",
  "file_path",
  "path",
];
const REPOSITORY_COLUMNS = [
  ...POPULARITIES.map(kind => `max_${kind}_repo_name`),
  "repo_name",
  "repository_name",
  "repo",
];
const LICENCE_COLUMNS = [
  ...POPULARITIES.map(kind => `max_${kind}_repo_licenses`),
  "detected_licenses",
  "licenses",
  "license",
];
const LANGUAGE_COLUMNS = ["language", "lang"];
const ID_COLUMNS = ["hexsha", "content_id", "blob_id", "id"];

/** Every column beside the content that `toDocument` reads. */
export const KNOWN_COLUMNS: readonly string[] = [
  ...PATH_COLUMNS,
  ...REPOSITORY_COLUMNS,
  ...LICENCE_COLUMNS,
  ...ID_COLUMNS,
  ...LANGUAGE_COLUMNS,
];

/** Whether the row says that it is in a language, or names none. @param language as of `languageName`; absent: any */
export function isIn(row: Row, language: string | undefined): boolean {
  if (language === undefined) return true;
  const named = texts(row, LANGUAGE_COLUMNS)[0];
  return named === undefined || languageName(named) === language;
}

/**
 * StarCoder's training data starts a text with its metadata:
 * `<reponame>owner/name<filename>path<gh_stars>0-10` and a line break, each of them optional (StarCoder, arXiv 2305.06161,
 * section 5.1).
 */
const MARKERS = /^(?:<reponame>([^\n<]*))?(?:<filename>([^\n<]*))?(?:<gh_stars>[^\n<]*)?\n/;

/** @param place identifies the row if it names neither a repository nor a path */
export function toDocument(content: string, row: Row, place: string): SourceDocument {
  const markers = content.startsWith("<") ? MARKERS.exec(content) : null;
  const text = content.slice(markers ? markers[0].length : content.startsWith("\ufeff") ? 1 : 0);
  const path = (texts(row, PATH_COLUMNS)[0] ?? markers?.[2] ?? "").replaceAll("\\", "/");
  const repositories = unique(texts(row, REPOSITORY_COLUMNS));
  if (repositories.length === 0 && markers?.[1]) repositories.push(markers[1]);
  const named = [repositories[0], path].filter(Boolean).join(" ");
  return {
    text,
    origin: named || place,
    path: path || place,
    repositories,
    licences: unique(texts(row, LICENCE_COLUMNS)),
    contentId: texts(row, ID_COLUMNS)[0] ?? "",
  };
}

function texts(row: Row, columns: readonly string[]): string[] {
  const found: string[] = [];
  for (const column of columns) {
    const value = row.get(column);
    if (typeof value === "string") found.push(value);
    else if (typeof value === "number" || typeof value === "bigint") found.push(String(value));
    else if (Array.isArray(value)) for (const item of value) if (typeof item === "string") found.push(item);
  }
  return found.filter(text => text !== "");
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
