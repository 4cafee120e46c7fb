/**
 * Prompt lookup decoding (Saxena, "Prompt Lookup Decoding", 2023, github.com/apoorvumang/prompt-lookup-decoding,
 * `find_candidate_pred_tokens`): the last 3, else 2, else 1 tokens are searched for in the text so far, from its
 * beginning; the draft is a chain of the 10 tokens after their first occurrence. An occurrence followed by fewer
 * than 10 tokens does not count, nor does one that ends within the last tokens themselves. If nothing
 * is found, nothing is drafted; the original verifies token 100.
 */
import { DraftTree, type TreeDrafter } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";
import { growChain, occurrence, TokenList } from "./tokenList.ts";

const LONGEST_GRAM = 3;
const CHAIN = 10;

/** Where the draft begins in the text so far; -1 for none. */
export function lookUp(tokens: Int32Array, size: number): number {
  for (let gram = Math.min(LONGEST_GRAM, size); gram > 0; gram--) {
    const end = Math.min(size - CHAIN + 1, size - gram);
    const start = occurrence(tokens, end, tokens.subarray(size - gram, size), gram);
    if (start >= 0) return start;
  }
  return -1;
}

function drafter(history: Int32Array): TreeDrafter {
  const text = new TokenList(history);
  const tree = new DraftTree(CHAIN + 1);
  return {
    push: token => text.push(token),
    draft(root, room) {
      tree.plant(root);
      const start = room > 1 ? lookUp(text.tokens, text.size) : -1;
      if (start >= 0) growChain(tree, text.tokens, start, start + CHAIN, room);
      return tree;
    },
  };
}

export const pld: Preset = { name: "pld", nodes: CHAIN + 1, begin: () => drafter };
