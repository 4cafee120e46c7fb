/** Git's wildcards as in `wildmatch.c`: compiled to elements, and matched by following all alternatives at once. */

/** One element of a pattern. Text is bytes, each as the character with that number. */
export type Element =
  /** Any number of characters. @see slashes whether a slash is one of them */
  | { readonly kind: "star"; readonly slashes: boolean }
  /** `**` and a slash, both optional: the elements after it may be skipped. */
  | { readonly kind: "optional"; readonly elements: number }
  | { readonly kind: "one"; readonly matches: (letter: string) => boolean };

interface Reading {
  /** Whether a path is matched: stars and sets then do not match slashes. */
  readonly isPath: boolean;
  readonly ignoreCase: boolean;
}

const isUpper = (letter: string) => letter >= "A" && letter <= "Z";
const isLower = (letter: string) => letter >= "a" && letter <= "z";
const folded = (letter: string) => (isUpper(letter) ? letter.toLowerCase() : letter);

/** Classes of ASCII characters, as in git. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[a-z\d]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the class.
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /\d/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[a-f\d]/i,
};

/** The elements of a pattern; undefined for one that can never match. */
export function elementsOf(pattern: string, reading: Reading): Element[] | undefined {
  const { isPath, ignoreCase } = reading;
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length; ) {
    const letter = pattern[at];
    if (letter === "*") {
      const start = at;
      while (pattern[at] === "*") at++;
      const isWide = at - start > 1 && (start === 0 || pattern[start - 1] === "/") && endsPart(pattern, at);
      // `**/` may stand for nothing, including the slash.
      if (isPath && isWide && pattern[at] === "/") elements.push({ kind: "optional", elements: 2 });
      elements.push({ kind: "star", slashes: !isPath || isWide });
    } else if (letter === "?") {
      elements.push({ kind: "one", matches: found => !(isPath && found === "/") });
      at++;
    } else if (letter === "[") {
      const set = setAt(pattern, at + 1, reading);
      if (!set) return undefined;
      elements.push({ kind: "one", matches: set.matches });
      at = set.end;
    } else {
      const isEscaped = letter === "\\";
      const own = isEscaped ? pattern[at + 1] : ignoreCase ? folded(letter) : letter;
      if (own === undefined) return undefined;
      elements.push({ kind: "one", matches: found => (ignoreCase ? folded(found) : found) === own });
      at += isEscaped ? 2 : 1;
    }
  }
  return elements;
}

const endsPart = (pattern: string, at: number) =>
  at === pattern.length || pattern[at] === "/" || pattern.startsWith("\\/", at);

type Test = (letter: string) => boolean;

/** The set of characters that begins at `start`, after its bracket; undefined if it is invalid. */
function setAt(pattern: string, start: number, { isPath, ignoreCase }: Reading) {
  let at = start;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at++;
  const tests: Test[] = [];
  /** The possible first character of a range. */
  let before: string | undefined;
  for (let first = true; first || pattern[at] !== "]"; first = false) {
    const letter = pattern[at];
    if (letter === undefined) return undefined;
    const next = pattern[at + 1];
    if (letter === "-" && before !== undefined && next !== undefined && next !== "]") {
      const high = next === "\\" ? pattern[at + 2] : next;
      if (high === undefined) return undefined;
      tests.push(inRange(before, high, ignoreCase));
      at += next === "\\" ? 3 : 2;
      before = undefined;
    } else if (letter === "[" && next === ":") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) return undefined;
      const name = pattern.slice(at + 2, end - 1);
      // Without a colon before the closing bracket, the opening bracket is literal.
      if (end === at + 2 || pattern[end - 1] !== ":") {
        tests.push(found => found === "[");
        at++;
        before = "[";
        continue;
      }
      const test = classOf(name, ignoreCase);
      if (!test) return undefined;
      tests.push(test);
      at = end + 1;
      before = undefined;
    } else {
      const own = letter === "\\" ? next : letter;
      if (own === undefined) return undefined;
      tests.push(found => found === own);
      at += letter === "\\" ? 2 : 1;
      before = own;
    }
  }
  const matches = (found: string) => {
    if (isPath && found === "/") return false;
    const letter = ignoreCase ? folded(found) : found;
    return tests.some(test => test(letter)) !== negated;
  };
  return { end: at + 1, matches };
}

function inRange(low: string, high: string, ignoreCase: boolean): Test {
  const within = (letter: string) => letter >= low && letter <= high;
  return letter => within(letter) || (ignoreCase && isLower(letter) && within(letter.toUpperCase()));
}

function classOf(name: string, ignoreCase: boolean): Test | undefined {
  const members = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (!members) return undefined;
  const either = ignoreCase && name === "upper";
  return letter => members.test(letter) || (either && isLower(letter));
}

/** Whether the elements cover all of a text. */
export function matchesElements(elements: readonly Element[], text: string): boolean {
  const end = elements.length;
  let states = new Set<number>();
  enter(states, 0, elements);
  for (const letter of text.split("")) {
    const next = new Set<number>();
    for (const at of states) {
      const element = elements[at];
      if (element?.kind === "star" && (element.slashes || letter !== "/")) enter(next, at, elements);
      else if (element?.kind === "one" && element.matches(letter)) enter(next, at + 1, elements);
    }
    if (next.size === 0) return false;
    states = next;
  }
  return states.has(end);
}

/** Adds a state and all states that are reached from it without a character. */
function enter(states: Set<number>, from: number, elements: readonly Element[]): void {
  const pending = [from];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (states.has(at)) continue;
    const element = elements[at];
    states.add(at);
    if (element?.kind === "star" || element?.kind === "optional") pending.push(at + 1);
    if (element?.kind === "optional") pending.push(at + 1 + element.elements);
  }
}
