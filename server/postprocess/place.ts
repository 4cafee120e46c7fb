/** The surroundings of a cursor, as far as they decide what is shown of a completion and where it ends. */

import { type Grammars, LANGUAGES, type LanguageRules } from "../syntax/index.ts";
import { BracketReader, type Enclosing, enclosing } from "./brackets.ts";
import { type IndentationStyle, indentationStyle } from "./indentation.ts";
import { Syntax } from "./syntax.ts";

/** Characters on either side of the cursor that are looked at. */
const WINDOW = { before: 8_000, after: 8_000 };

/** The lines at the cursor. */
export interface CursorLines {
  /** The cursor's line up to the cursor. */
  readonly linePrefix: string;
  /** The cursor's line behind the cursor. */
  readonly lineSuffix: string;
  /** The next line that is not blank, with its indentation; empty if there is none. */
  readonly nextLine: string;
}

export interface Place extends CursorLines {
  readonly indentation: IndentationStyle;
  /** Where a reader of brackets is at the cursor; undefined where the language is not known. */
  readonly brackets: BracketsAtCursor | undefined;
  /** What a parser knows of the place; undefined while there is none. */
  readonly syntax: () => Syntax | undefined;
}

export interface BracketsAtCursor {
  readonly reader: BracketReader;
  readonly enclosing: readonly Enclosing[];
  readonly rules: LanguageRules;
}

/** A place of which only the lines are known, as in a language without rules. */
export function barePlace(lines: CursorLines): Place {
  return { ...lines, indentation: { kind: "mixed" }, brackets: undefined, syntax: () => undefined };
}

/**
 * The place of a completion in a document. A parser is asked for only when a line has ended: most
 * completions are over before.
 * @param offset the cursor, in UTF-16 units
 * @returns the place, and what frees its syntax trees
 */
export function placeAt(
  { text, offset, languageId }: { text: string; offset: number; languageId: string },
  lines: CursorLines,
  grammars: Grammars | undefined,
): { place: Place; dispose: () => void } {
  const before = text.slice(windowStart(text, offset), offset).replaceAll("\r", "");
  const after = text.slice(offset, offset + WINDOW.after).replaceAll("\r", "");
  const style = indentationStyle(before + after);
  const rules = LANGUAGES[languageId];
  if (!rules) return { place: { ...barePlace(lines), indentation: style }, dispose: () => {} };
  const reader = new BracketReader(rules);
  reader.read(before, true);
  const open = enclosing(reader, after, offset + WINDOW.after < text.length);
  // Asked for now so that it is there by the end of the first line; whether it is, is decided once.
  void grammars?.load(languageId);
  let syntax: { readonly known: Syntax | undefined } | undefined;
  const place: Place = {
    ...lines,
    indentation: style,
    brackets: { reader, enclosing: open, rules },
    syntax: () => {
      if (syntax) return syntax.known;
      const parser = grammars?.parser(languageId);
      syntax = {
        known: parser && new Syntax(parser, rules, { before, ...lines, enclosing: open }),
      };
      return syntax.known;
    },
  };
  return { place, dispose: () => syntax?.known?.dispose() };
}

/** What begins a definition at the margin in most languages; a line of prose in a string seldom does. */
const DEFINITION =
  /\n(?=(export |pub |async |static |public |private )*(def|class|function|fn|func|impl|struct|enum|interface|type|const|let|var|import|from|use|package|namespace|#include)\b|@\w)/;

/** The first definition within reach, or else the first line; the cursor's own at the latest. */
function windowStart(text: string, offset: number): number {
  if (offset <= WINDOW.before) return 0;
  const from = offset - WINDOW.before;
  const window = text.slice(from, offset);
  const outer = DEFINITION.exec(window.slice(0, WINDOW.before / 2));
  const line = outer?.index ?? window.indexOf("\n");
  return line < 0 ? from : from + line + 1;
}
