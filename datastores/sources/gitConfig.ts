/** Reads values of git's configuration files as `git config` does, without git: the last one wins. */

interface Reader {
  readonly text: string;
  at: number;
}

/** Configurations that a `path` of `[include]` names, read where they stand. */
type Include = (path: string) => string | undefined;

/** Files that include each other end here. */
const MOST_INCLUDED = 10;

/**
 * The last value of a variable; "" where it is set to nothing, undefined where it is not set.
 * @param name section and variable in lower case with a dot between, as `core.excludesfile` @param include what a path names
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

/** Variables with their values, in order; those without `=` are left out, as are those of subsections. */
function* entries(text: string): Generator<readonly [string, string]> {
  const reader: Reader = { text, at: 0 };
  let section = "";
  while (reader.at < text.length) {
    const character = text[reader.at];
    if (/\s/.test(character)) reader.at++;
    else if (character === "#" || character === ";") skipLine(reader);
    else if (character === "[") section = sectionAt(reader);
    else {
      const start = reader.at;
      while (/[\w-]/.test(text[reader.at] ?? "")) reader.at++;
      const variable = text.slice(start, reader.at).toLowerCase();
      while (/[ \t]/.test(text[reader.at] ?? "")) reader.at++;
      if (text[reader.at] !== "=") skipLine(reader);
      else {
        reader.at++;
        yield [`${section}.${variable}`, valueAt(reader)];
      }
    }
  }
}

function skipLine(reader: Reader): void {
  const end = reader.text.indexOf("\n", reader.at);
  reader.at = end < 0 ? reader.text.length : end + 1;
}

/** The section whose header begins here, with all of it where it has a subsection: then no name that is asked for is in it. */
function sectionAt(reader: Reader): string {
  const start = reader.at + 1;
  const end = reader.text.indexOf("]", start);
  const line = reader.text.indexOf("\n", start);
  if (end < 0 || (line >= 0 && line < end)) {
    skipLine(reader);
    return "";
  }
  reader.at = end + 1;
  return reader.text.slice(start, end).trim().toLowerCase();
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b" };

/** The value up to the end of its line: quotes are taken off, comments and blanks at its end left out. */
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
    } else if (value !== "" || isQuoted || !/\s/.test(character)) value += character;
    // Blanks count where something stands behind them.
    if (isQuoted || !/\s/.test(character)) wanted = value.length;
  }
  return value.slice(0, wanted);
}
