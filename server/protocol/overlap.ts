/**
 * How much of the rest of the cursor's line a completion makes superfluous. Both sides need it: the server
 * for any client, the extension since the editor may have closed a bracket meanwhile.
 */

const PAIRS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const QUOTES = "\"'`";

/** Indices of the brackets in `text` that close none of `text`'s own. Quoted text is passed over. */
function unmatchedClosers(text: string): number[] {
  const open: string[] = [];
  const unmatched: number[] = [];
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "\\") i++;
    else if (quote !== "") quote = char === quote ? "" : quote;
    else if (QUOTES.includes(char)) quote = char;
    else if ("([{".includes(char)) open.push(char);
    else if (char in PAIRS && open.pop() !== PAIRS[char]) unmatched.push(i);
  }
  return unmatched;
}

/** Characters at the start of `rest` that closers of `text` stand for, and what follows them in both. */
function closersOverlap(text: string, rest: string): number {
  let length = 0;
  let last = -1;
  for (const index of unmatchedClosers(text)) {
    const blanks = /^\s*/.exec(rest.slice(length))?.[0].length ?? 0;
    if (rest[length + blanks] !== text[index]) break;
    length += blanks + 1;
    last = index;
  }
  return last < 0 ? 0 : length + commonStart(text.slice(last + 1), rest.slice(length));
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Where `text`, which begins inside of a string, ends that string for good; -1 when it does not. */
function closingQuote(text: string, quote: string): number {
  let last = -1;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charAt(i) === "\\") i++;
    else if (text.charAt(i) === quote) {
      last = i;
      count++;
    }
  }
  return count % 2 === 1 ? last : -1;
}

/**
 * UTF-16 units at the start of `lineSuffix` that `text` brings along itself: brackets and quotes that it
 * closes without having opened them, and what follows them in both.
 */
export function overlap(text: string, lineSuffix: string): number {
  const first = lineSuffix.charAt(0);
  if (first === "" || text === "") return 0;
  if (first in PAIRS) return closersOverlap(text, lineSuffix);
  let from = -1;
  if (QUOTES.includes(first)) from = closingQuote(text, first);
  else if (":;,".includes(first) && text.endsWith(first)) from = text.length - 1;
  return from < 0 ? 0 : commonStart(text.slice(from), lineSuffix);
}
