/** A position in a file, as the command line names it, and the document to complete there. */
import { isUtf8 } from "node:buffer";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { languageOfFile } from "./syntax/index.ts";
import { ArgumentsError, counted, readNamed, refusalOf, UsageError } from "./system/index.ts";
import { isInCharacter, type Snapshot } from "./text/index.ts";

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function parsePlace(place: string | undefined): Place {
  const match = /^(.+):(\d+):(\d+)$/.exec(place ?? "");
  if (!match) throw new ArgumentsError(`Expected FILE:LINE:COLUMN, got ${place ?? "nothing"}.`);
  return { file: match[1] as string, line: Number(match[2]), column: Number(match[3]) };
}

/** The text of a file in UTF-8. @param note called if parts of the file are not UTF-8 */
function readText(file: string, note: (message: string) => void): string {
  let bytes: Buffer;
  try {
    bytes = readNamed(file);
  } catch (error) {
    throw new UsageError(refusalOf(error, file));
  }
  const isUtf16 = ["fffe", "feff"].includes(bytes.toString("hex", 0, 2));
  // Code has no NUL; UTF-16 has one in most characters of code.
  if (isUtf16 || bytes.includes(0)) throw new UsageError(`${file} is not text in UTF-8.`);
  if (!isUtf8(bytes)) note(`${file} is not entirely UTF-8: invalid bytes are read as U+FFFD.`);
  // Editors count columns without a byte order mark, which is not part of the code.
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/** The offset of a position counted from 1, columns in UTF-16 units. Throws a `UsageError` if it does not exist. */
function offsetOf(text: string, { file, line, column }: Place): number {
  const starts = lineStarts(text);
  const start = starts[line - 1];
  if (start === undefined)
    throw new UsageError(`${file} has ${counted(starts.length, "line")}; there is no line ${line}.`);
  const wanted = text.slice(start, starts[line] ?? text.length).replace(/[\r\n]+$/, "");
  const { length } = wanted;
  if (column < 1 || column > length + 1)
    throw new UsageError(
      `Line ${line} of ${file} has ${counted(length, "character")} (in UTF-16 units); there is no column ${column}.`,
    );
  if (isInCharacter(wanted, column - 1))
    throw new UsageError(
      `Column ${column} of line ${line} of ${file} is inside a character: columns count UTF-16 units, and this one has two.`,
    );
  return start + column - 1;
}

/** Offsets of line starts; line ends are those of LSP. */
const lineStarts = (text: string): number[] => [
  0,
  ...Array.from(text.matchAll(/\r\n|\r|\n/g), ({ 0: end, index }) => index + end.length),
];

/**
 * The file as a document with the cursor at FILE:LINE:COLUMN. Throws a `UsageError` if that is not possible.
 * @param note called with what the user should know about the file
 */
export function snapshotAt(place: string | undefined, note: (message: string) => void): Snapshot {
  const parsed = parsePlace(place);
  const text = readText(parsed.file, note);
  const offset = offsetOf(text, parsed);
  const uri = pathToFileURL(resolve(parsed.file)).href;
  return { uri, languageId: languageOfFile(parsed.file), version: 0, text, offset };
}
