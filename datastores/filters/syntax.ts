/**
 * Finds Python files that are not Python 3: drafts from Python 2 (`print "a"`, `except E, e:`) would be well-formed
 * and wrong, and templates of code (`{% if %}`) mix two languages.
 *
 * Parsing takes longer than the rest of a build. So a text is parsed only if it has a sign of either, such as a word that
 * Python 2 uses differently; the parse then distinguishes code from strings and comments. CPython 3.11 refuses 242 files of
 * Jython's Python 2.7 library, and the signs find 229 of them. None of 10,074 files of installed Python 3 packages is taken for
 * Python 2.
 */

export type SyntaxReason = "python2" | "broken";

/** Figures of a text that is parsed as Python 3. */
export interface SyntaxFigures {
  /** UTF-16 code units that the parser cannot assign to any syntax. */
  readonly wrong: number;
  /** Statements, parameters and literals that only Python 2 has. */
  readonly python2: number;
}

export type SyntaxReader = (text: string) => SyntaxFigures;

const PYTHON_NAME = /\.pyi?$/i;
/** Longer texts are data, and a parser takes long to recover in one. */
const LONGEST_TEXT = 1 << 20;
/**
 * A missing bracket, a line of IPython or a merge conflict costs a parser under 3% of a file in nine of ten cases in which
 * it recovers at all; in templates, and if it does not recover, it costs over 20%.
 */
const WRONG_SHARE = 0.1;

/** Each begins with letters, which are found quickly; what precedes them is checked afterwards. */
const SIGN = new RegExp(
  [
    String.raw`print(?<=(?:^|[:;])[ \t]*print)[ \t]+[^\s=(.,:)\]]`,
    String.raw`exec(?<=(?:^|[:;])[ \t]*exec)[ \t]+[^\s=(.,:)\]]`,
    String.raw`except [^\n:'"#]*,[ \t]*[a-z_]\w*[ \t]*:`,
    String.raw`raise [\w.]+[ \t]*,`,
    String.raw`<>[ \t]*[\w("'-]`,
    String.raw`\b(?:\d+|0[xX][\da-fA-F]+)[lL]\b`,
    String.raw`\{%`,
  ].join("|"),
  "m",
);

/** Why a file is not Python 3; undefined if it is, if it has no sign of another version, or is in another language. */
export function syntaxReason(text: string, path: string, read: SyntaxReader): SyntaxReason | undefined {
  if (!PYTHON_NAME.test(path) || text.length > LONGEST_TEXT || !SIGN.test(text)) return undefined;
  const { wrong, python2 } = read(text);
  if (python2 > 0) return "python2";
  return wrong > WRONG_SHARE * text.length ? "broken" : undefined;
}
