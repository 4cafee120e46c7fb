/** Brackets in text, such as a string, a comment or prose, which only count at the cursor. */
import type { Lexicon, StringRule } from "../syntax/index.ts";
import type { Frame, State } from "./scanner.ts";

const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const LEADING_CLOSERS = /^[)\]}]+(?=[^\p{L}\p{N}]*$)/u;
const PROSE: StringRule = { open: "", close: "", long: true, escape: "none" };
const LINE_COMMENT: StringRule = { ...PROSE, long: false };

/**
 * `state` within the brackets of a text that were opened in the cursor's line and are closed right after the cursor, as an
 * editor closes them: the completion may close them itself.
 */
export function withTextBrackets(
  state: State,
  { linePrefix, lineSuffix }: { readonly linePrefix: string; readonly lineSuffix: string },
  lexicon: Lexicon,
): State {
  const isText = state ? state.kind !== "bracket" : !lexicon.brackets;
  const closers = isText ? LEADING_CLOSERS.exec(lineSuffix)?.[0] : undefined;
  if (closers === undefined) return state;
  const open = openIn(linePrefix.slice(textStart(state, linePrefix, lexicon)));
  let count = 0;
  while (count < closers.length && CLOSER[open.at(-1 - count) ?? ""] === closers[count]) count++;
  const base = state?.rule ?? (state?.close === "\n" ? LINE_COMMENT : PROSE);
  let inner = state;
  for (const opener of open.slice(open.length - count)) inner = within(inner, opener, base);
  return inner;
}

/** Where the text of the cursor begins in its line, if it is found there. */
function textStart(state: State, linePrefix: string, { lineComments, blockComment }: Lexicon): number {
  if (!state) return 0;
  const marks =
    state.kind === "comment" ? [...lineComments, blockComment?.[0] ?? ""] : [state.rule?.open ?? ""];
  return Math.max(
    0,
    ...marks.filter(mark => mark !== "").map(mark => linePrefix.lastIndexOf(mark) + mark.length),
  );
}

/** The brackets that a text leaves open, the innermost last. */
function openIn(text: string): string[] {
  const open: string[] = [];
  for (const char of text) {
    if (CLOSER[char]) open.push(char);
    else if (CLOSER[open.at(-1) ?? ""] === char) open.pop();
  }
  return open;
}

const within = (parent: State, open: string, base: StringRule): Frame => {
  const close = CLOSER[open] ?? "";
  return {
    kind: "string",
    close,
    parent,
    depth: (parent?.depth ?? 0) + 1,
    indentation: parent?.indentation ?? 0,
    block: false,
    rule: { ...base, open, close, nested: true, endsByLine: false },
  };
};
