/**
 * How much of the rest of the cursor's line a completion makes superfluous. Both sides need it: the server
 * for any client, the extension since the editor may have closed a bracket meanwhile.
 */

const PAIRS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const QUOTES = "\"'`";

/** Index of the first bracket in `text` that closes none of `text`'s own, or -1. Quoted text is passed over. */
function firstUnmatchedCloser(text: string): number {
  const open: string[] = [];
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "\\") i++;
    else if (quote !== "") quote = char === quote ? "" : quote;
    else if (QUOTES.includes(char)) quote = char;
    else if ("([{".includes(char)) open.push(char);
    else if (char in PAIRS && open.pop() !== PAIRS[char]) return i;
  }
  return -1;
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
  let from = -1;
  if (first in PAIRS) from = firstUnmatchedCloser(text);
  else if (QUOTES.includes(first)) from = closingQuote(text, first);
  else if (":;,".includes(first) && text.endsWith(first)) from = text.length - 1;
  if (from < 0) return 0;
  let length = 0;
  while (length < lineSuffix.length && text[from + length] === lineSuffix[length]) length++;
  return length;
}
