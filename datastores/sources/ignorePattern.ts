/**
 * A line of a `.gitignore` file, matched as git does it (`match_basename` and `match_pathname` of its `dir.c`,
 * `wildmatch.c`), byte by byte. Libraries turn such lines into regular expressions, which can take exponential time for
 * hostile lines; here a match takes at most the product of the lengths of pattern and path.
 */
import { type Element, elementsOf, matchesElements } from "./wildmatch.ts";

export interface IgnorePattern {
  /** Whether the line re-includes what earlier lines ignore. */
  readonly negated: boolean;
  /** Whether the line only applies to folders. */
  readonly foldersOnly: boolean;
  /** Whether only the last part of a path is compared. */
  readonly nameOnly: boolean;
  /** The text before the first wildcard; the whole pattern if there is none. */
  readonly literal: string;
  /** The rest; undefined if there is none. */
  readonly wild: readonly Element[] | undefined;
  readonly ignoreCase: boolean;
}

const WILDCARD = /[*?[\\]/;

/** Text as git sees it: its UTF-8 bytes, each as the character with that number. */
export const asBytes = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is ASCII.
  /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");

/**
 * The pattern of a line; undefined for an empty line, a comment, and a line that can never match.
 * @param line its bytes, each as the character with that number: it may be in any encoding
 */
export function ignorePattern(line: string, ignoreCase: boolean): IgnorePattern | undefined {
  let text = withoutTrailingSpaces(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (text === "" || text.startsWith("#")) return undefined;
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const foldersOnly = text.endsWith("/");
  if (foldersOnly) text = text.slice(0, -1);
  if (text === "") return undefined;
  const nameOnly = !text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  const start = text.search(WILDCARD);
  const literal = start < 0 ? text : text.slice(0, start);
  // A pattern with a wildcard is compared completely against a name, but only from the wildcard on against a path.
  const rest = nameOnly ? text : text.slice(literal.length);
  const wild = start < 0 ? undefined : elementsOf(rest, { isPath: !nameOnly, ignoreCase });
  if (start >= 0 && !wild) return undefined;
  return { negated, foldersOnly, nameOnly, literal, wild, ignoreCase };
}

/** @param path below the pattern's folder, its parts as `asBytes` gives them */
export function matchesPattern(
  { nameOnly, literal, wild, foldersOnly, ignoreCase }: IgnorePattern,
  path: readonly string[],
  isFolder: boolean,
): boolean {
  if (foldersOnly && !isFolder) return false;
  const compared = nameOnly ? (path[path.length - 1] ?? "") : path.join("/");
  if (nameOnly && wild) return matchesElements(wild, compared);
  const beginning = compared.slice(0, literal.length);
  if (ignoreCase ? lowered(beginning) !== lowered(literal) : beginning !== literal) return false;
  const rest = compared.slice(literal.length);
  return wild ? matchesElements(wild, rest) : rest === "";
}

/** In git, only ASCII letters have two cases. */
const lowered = (text: string) => text.replace(/[A-Z]+/g, letters => letters.toLowerCase());

/** A backslash keeps the space after it, but not further spaces. */
function withoutTrailingSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === " ") continue;
    // A backslash at the very end keeps the text before it.
    if (line[at] === "\\") at++;
    end = Math.min(at + 1, line.length);
  }
  return line.slice(0, end);
}
