/** Real functions of Python's standard library, to be typed again at their places. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { codeFiles } from "../codeFiles.ts";

/** A function and its module, cut into three parts. */
export interface HeldOutFunction {
  /** File name of the module. */
  readonly module: string;
  /** Whole lines from the start of the file. */
  readonly before: string;
  /** Indentation of the first line. */
  readonly margin: string;
  /** From `def` to the last character. */
  readonly text: string;
  /** Begins with a line feed; empty if the function is typed at the end of its file. */
  readonly after: string;
}

/** Lengths of typed functions, in characters: a few lines up to a screen. */
const LENGTH = { least: 200, most: 650 };
/** Least text before a function, so that there is enough context. */
const MIN_BEFORE = 2_000;
const MODULE_CHARACTERS = 150_000;

/** The functions of a module that can be typed with an editor's indentation, in order. */
export function typableFunctions(module: string, text: string): HeldOutFunction[] {
  const lines = text.split("\n");
  const found: HeldOutFunction[] = [];
  for (const [first, line] of lines.entries()) {
    const margin = /^( *)(?:async )?def /.exec(line)?.[1];
    if (margin === undefined) continue;
    const end = endOfBlock(lines, first, margin.length);
    const whole = lines.slice(first, end).join("\n");
    const after = lines.slice(end).join("\n");
    if (isTypable(whole))
      found.push({
        module,
        before: lines.slice(0, first).join("\n") + (first > 0 ? "\n" : ""),
        margin,
        text: whole.slice(margin.length),
        after: end < lines.length ? `\n${after}` : "",
      });
  }
  return found;
}

/** Index of the line after a block's last one, blank lines left out. */
function endOfBlock(lines: readonly string[], first: number, indentation: number): number {
  let end = first + 1;
  for (let at = end; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.trim() === "") continue;
    // The closing bracket of parameters over several lines has the function's indentation.
    if (line.search(/\S/) <= indentation && !/^\s*\)/.test(line)) break;
    end = at + 1;
  }
  return end;
}

/** Whether the editor's automatic indentation, or four spaces more or less, leads from each line to the next. */
function isTypable(whole: string): boolean {
  const lines = whole.split("\n");
  return (
    whole.length >= LENGTH.least &&
    whole.length <= LENGTH.most &&
    lines.length > 3 &&
    /^[\x20-\x7e\n]*$/.test(whole) &&
    lines.every(
      line =>
        line !== "" &&
        !line.endsWith(" ") &&
        line.search(/\S/) % 4 === 0 &&
        // Within comments and strings the editor has other rules.
        !/#.*[([{:]$/.test(line) &&
        line.split('"""').length % 2 === 1,
    )
  );
}

/** Texts of the modules directly in a library, by file name, in an order drawn from `random`. */
function* modules(library: string, random: () => number): Generator<readonly [string, string]> {
  const files = codeFiles(library, 0);
  while (files.length > 0) {
    const [file] = files.splice(Math.floor(random() * files.length), 1);
    if (!file) return;
    const text = readFileSync(file, "utf8").replaceAll("\r\n", "\n");
    if (text.length <= MODULE_CHARACTERS) yield [basename(file), text];
  }
}

/**
 * `count` functions with their modules, each module once; every third in the middle of its file, the others at its
 * end. Throws if a library has too few.
 */
export function heldOutFunctions(library: string, count: number, random: () => number): HeldOutFunction[] {
  const held: HeldOutFunction[] = [];
  for (const [module, text] of modules(library, random)) {
    if (held.length === count) return held;
    const functions = typableFunctions(module, text).filter(({ before }) => before.length >= MIN_BEFORE);
    const chosen = functions[Math.floor(random() * functions.length)];
    if (chosen) held.push(held.length % 3 === 2 ? chosen : atEnd(chosen));
  }
  if (held.length === count) return held;
  throw new Error(`${library} has ${held.length} modules with a function to type; ${count} are needed.`);
}

/** The same function as the last thing in its file. */
const atEnd = (held: HeldOutFunction): HeldOutFunction => ({ ...held, after: "" });

const lineCount = (text: string) => text.split("\n").length;
/** Lengths of a long file in lines, and the largest distance from its middle of a place "in the middle". */
const LONG_LINES = { least: 950, most: 1_100, offMiddle: 120 };

/** A function at the end or in the middle of a file of about a thousand lines. */
export function inLongFile(place: "end" | "middle", library: string, random: () => number): HeldOutFunction {
  const isLong = (lines: number) => lines >= LONG_LINES.least && lines <= LONG_LINES.most;
  for (const [module, text] of modules(library, random)) {
    const lines = lineCount(text);
    const functions = typableFunctions(module, text).filter(({ before }) =>
      place === "end"
        ? isLong(lineCount(before))
        : isLong(lines) && Math.abs(lineCount(before) - lines / 2) <= LONG_LINES.offMiddle,
    );
    const longest = functions.sort((a, b) => b.text.length - a.text.length)[0];
    if (longest) return place === "end" ? atEnd(longest) : longest;
  }
  throw new Error(`${library} has no module of about a thousand lines with a function at its ${place}.`);
}
