/** Reads values of git's configuration files as `git config` does, without git: the last one wins. */

interface Reader {
  readonly text: string;
  at: number;
}

/** Returns the text of the configuration that a `path` of `[include]` names. */
type Include = (path: string) => string | undefined;

/** Limit for files that include each other. */
const MOST_INCLUDED = 10;

/** What git takes for a blank: no others of Unicode, nor a form feed. */
const BLANK = /[ \t\r\n]/;

/**
 * The last value of a variable; "" if it is set to nothing, undefined if it is not set.
 * @param name section and variable in lower case with a dot between, as `core.excludesfile` @param include reads a path
 */
export function configValue(text: string, name: string, include: Include, depth = 0): string | undefined {
  let value: string | undefined;
  for (const [key, found] of entries(text)) {
    if (key === name) value = found;
    if (key !== "include.path" || found === "" || depth >= MOST_INCLUDED) continue;
    const included = include(found);
    if (included !== undefined) value = configValue(included, name, include, depth + 1) ?? value;
  }
  return value;
}

/** Variables with their values, in order; one without `=` is true. */
function* entries(text: string): Generator<readonly [string, string]> {
  const reader: Reader = { text, at: 0 };
  let section = "";
  while (reader.at < text.length) {
    const character = text[reader.at];
    if (BLANK.test(character)) reader.at++;
    else if (character === "#" || character === ";") skipLine(reader);
    else if (character === "[") section = sectionAt(reader);
    else {
      const start = reader.at;
      while (/[\w-]/.test(text[reader.at] ?? "")) reader.at++;
      const variable = text.slice(start, reader.at).toLowerCase();
      while (/[ \t]/.test(text[reader.at] ?? "")) reader.at++;
      const name = `${section}.${variable}`;
      if (text[reader.at] === "=") {
        reader.at++;
        yield [name, valueAt(reader)];
      } else {
        if (endsLine(reader)) yield [name, "true"];
        skipLine(reader);
      }
    }
  }
}

const endsLine = ({ text, at }: Reader) => /^(?:\r?\n|$)/.test(text.slice(at, at + 2));

function skipLine(reader: Reader): void {
  const end = reader.text.indexOf("\n", reader.at);
  reader.at = end < 0 ? reader.text.length : end + 1;
}

/** The section whose header begins here; with a subsection, all of the header, which matches no requested name. */
function sectionAt(reader: Reader): string {
  const start = reader.at + 1;
  const end = reader.text.indexOf("]", start);
  const line = reader.text.indexOf("\n", start);
  if (end < 0 || (line >= 0 && line < end)) {
    skipLine(reader);
    return "";
  }
  reader.at = end + 1;
  return reader.text.slice(start, end).toLowerCase();
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b" };

/** The value up to the end of its line, without quotes, comments and trailing blanks. */
function valueAt(reader: Reader): string {
  const { text } = reader;
  let [value, wanted, isQuoted] = ["", 0, false];
  for (; reader.at < text.length; reader.at++) {
    const character = text[reader.at];
    if (character === "\n") break;
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === "#" || character === ";")) {
      skipLine(reader);
      return value.slice(0, wanted);
    } else if (character === "\\") {
      const next = text[++reader.at] ?? "";
      if (next === "\r" && text[reader.at + 1] === "\n") reader.at++;
      else if (next !== "\n") value += ESCAPES[next] ?? next;
      wanted = value.length;
      continue;
    } else if (value !== "" || isQuoted || !BLANK.test(character)) value += character;
    // Blanks count if other text follows them.
    if (isQuoted || !BLANK.test(character)) wanted = value.length;
  }
  return value.slice(0, wanted);
}
