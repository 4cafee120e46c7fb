/**
 * A line of a `.gitignore` file, matched as git's wildmatch does. Regular expressions, which libraries make of such
 * lines, can take exponential time for hostile ones; here a match takes at most the product of the lengths of
 * pattern and path.
 */

/** One character of a segment. */
type Step =
  | { readonly kind: "star" | "any" }
  | { readonly kind: "letter"; readonly letter: string }
  | { readonly kind: "set"; readonly matches: (letter: string) => boolean };

/** Any number of folders. */
const GLOBSTAR = "**";
type Segment = readonly Step[] | typeof GLOBSTAR;

export interface IgnorePattern {
  /** Whether the line takes back what earlier lines ignore. */
  readonly negated: boolean;
  /** Whether the line is about folders alone. */
  readonly foldersOnly: boolean;
  /** Whether only the last segment of a path is compared. */
  readonly nameOnly: boolean;
  readonly segments: readonly Segment[];
  readonly ignoreCase: boolean;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[a-z\d]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /\d/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[a-f\d]/i,
};

/** The pattern of a line; undefined for an empty line, a comment, and a line that can never match. */
export function ignorePattern(line: string, ignoreCase: boolean): IgnorePattern | undefined {
  let text = withoutTrailingSpaces(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (text === "" || text.startsWith("#")) return undefined;
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const foldersOnly = text.endsWith("/");
  if (foldersOnly) text = text.slice(0, -1);
  const nameOnly = !text.includes("/");
  const parsed = segmentsOf(text.startsWith("/") ? text.slice(1) : text);
  if (!parsed || text === "") return undefined;
  return { negated, foldersOnly, nameOnly, segments: parsed, ignoreCase };
}

/** @param path below the pattern's folder, its segments */
export function matchesPattern(
  { nameOnly, segments, foldersOnly, ignoreCase }: IgnorePattern,
  path: readonly string[],
  isFolder: boolean,
): boolean {
  if (foldersOnly && !isFolder) return false;
  const compared = nameOnly ? path.slice(-1) : path;
  return glob(
    segments,
    compared,
    segment => segment === GLOBSTAR,
    (segment, name) => segment !== GLOBSTAR && matchesName(segment, name, ignoreCase),
  );
}

function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === " " && line[end - 2] !== "\\") end--;
  return line.slice(0, end);
}

function segmentsOf(text: string): Segment[] | undefined {
  const segments: Step[][] = [[]];
  for (let at = 0; at < text.length; ) {
    const letter = text[at];
    const last = segments[segments.length - 1];
    if (letter === "/") segments.push([]);
    else if (letter === "*") last.push({ kind: "star" });
    else if (letter === "?") last.push({ kind: "any" });
    else if (letter === "[") {
      const set = setAt(text, at + 1);
      if (!set) return undefined;
      last.push({ kind: "set", matches: set.matches });
      at = set.end;
      continue;
    } else if (letter === "\\") {
      if (++at === text.length) return undefined;
      last.push({ kind: "letter", letter: text[at] });
    } else last.push({ kind: "letter", letter });
    at++;
  }
  const isGlobstar = (steps: Step[]) => steps.length === 2 && steps.every(({ kind }) => kind === "star");
  const whole: Segment[] =
    segments.length === 1 ? segments : segments.map(steps => (isGlobstar(steps) ? GLOBSTAR : steps));
  // What lies within a folder is not the folder itself.
  return whole[whole.length - 1] === GLOBSTAR ? [...whole.slice(0, -1), [{ kind: "star" }], GLOBSTAR] : whole;
}

/** The set of letters that begins at `start`, after its bracket; undefined where it is not closed. */
function setAt(text: string, start: number) {
  let at = start;
  const negated = text[at] === "!" || text[at] === "^";
  if (negated) at++;
  const tests: ((letter: string) => boolean)[] = [];
  for (let first = true; first || text[at] !== "]"; first = false) {
    if (at >= text.length) return undefined;
    const named = /^\[:(\w*):\]/.exec(text.slice(at, at + 16));
    if (named) {
      const members = CLASSES[named[1]];
      if (!members) return undefined;
      tests.push(letter => members.test(letter));
      at += named[0].length;
      continue;
    }
    if (text[at] === "\\") at++;
    const low = text[at++];
    let high = low;
    if (text[at] === "-" && at + 1 < text.length && text[at + 1] !== "]") {
      at++;
      if (text[at] === "\\") at++;
      high = text[at++];
    }
    if (low === undefined || high === undefined) return undefined;
    tests.push(letter => letter >= low && letter <= high);
  }
  return { end: at + 1, matches: (letter: string) => tests.some(test => test(letter)) !== negated };
}

function matchesName(steps: readonly Step[], name: string, ignoreCase: boolean): boolean {
  return glob(
    steps,
    [...name],
    ({ kind }) => kind === "star",
    (step, letter) => matchesLetter(step, letter, ignoreCase),
  );
}

function matchesLetter(step: Step, letter: string, ignoreCase: boolean): boolean {
  const forms = ignoreCase ? [letter.toLowerCase(), letter.toUpperCase()] : [letter];
  if (step.kind === "any") return true;
  if (step.kind === "set") return forms.some(form => step.matches(form));
  return step.kind === "letter" && forms.includes(step.letter);
}

/** Whether the pattern covers all items. After a failure only the latest star is extended, which suffices. */
function glob<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  isStar: (part: P) => boolean,
  matches: (part: P, item: I) => boolean,
): boolean {
  let [at, item, star, mark] = [0, 0, -1, 0];
  while (item < items.length) {
    if (at < pattern.length && isStar(pattern[at])) {
      star = at++;
      mark = item;
    } else if (at < pattern.length && matches(pattern[at], items[item])) {
      at++;
      item++;
    } else if (star >= 0) {
      at = star + 1;
      item = ++mark;
    } else return false;
  }
  while (at < pattern.length && isStar(pattern[at])) at++;
  return at === pattern.length;
}
