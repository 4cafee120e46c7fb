import type { DraftTree } from "../../../server/draft/index.ts";

/** The text so far as tokens: the tokens before the cursor and those decided since. */
export class TokenList {
  size: number;
  tokens: Int32Array;

  constructor(history: Int32Array) {
    this.size = history.length;
    this.tokens = new Int32Array(history.length + 256);
    this.tokens.set(history);
  }

  push(token: number): void {
    if (this.size === this.tokens.length) {
      const larger = new Int32Array(2 * this.size);
      larger.set(this.tokens);
      this.tokens = larger;
    }
    this.tokens[this.size++] = token;
  }
}

/** Grows a chain under the root of `tree` from `tokens[start..end)`, until the tree has `room` nodes. */
export function growChain(
  tree: DraftTree,
  tokens: ArrayLike<number>,
  start: number,
  end: number,
  room: number,
): void {
  let parent = 0;
  for (let at = start; at < end && tree.count < room; at++) parent = tree.grow(parent, tokens[at] as number);
}

/**
 * Where a pattern's first occurrence in a text ends, as the index of the token that follows: at `from` or later, and
 * before `end`. -1 if it does not occur.
 */
export function occurrence(
  tokens: Int32Array,
  end: number,
  pattern: ArrayLike<number>,
  from: number,
): number {
  const { length } = pattern;
  for (let at = Math.max(from, length); at < end; at++) {
    let same = 0;
    while (same < length && tokens[at - 1 - same] === pattern[length - 1 - same]) same++;
    if (same === length) return at;
  }
  return -1;
}
