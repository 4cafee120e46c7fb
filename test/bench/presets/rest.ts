/**
 * REST (He et al., "REST: Retrieval-Based Speculative Decoding", NAACL 2024, sections 3.2 and 3.3; `search` of
 * its `DraftRetriever`): the last 16, 15 ... 2 tokens are looked for in a datastore's suffix array. Of what
 * followed the first 5,000 occurrences, in the array's order, 10 tokens each are counted prefix by prefix, and
 * the 64 most frequent prefixes become the tree.
 *
 * Trimmed as there: as long as the prefixes kept have more than 64 different tokens each for itself, added up,
 * the one with the most is dropped. Ties, which there fall as a hash table has it, fall to what stands earlier in
 * the array, so that no prefix is kept without its beginning; of equally long ones the rarer is dropped first.
 * Continuations end where a document does; in the original they go on into the next. Where nothing is found
 * nothing is drafted; the original verifies token 100.
 */
import { SEPARATOR } from "../../../datastores/index/index.ts";
import { DraftTree, type TreeDrafter } from "../../../server/draft/index.ts";
import type { RestSearch } from "../restSearch.ts";
import type { Preset } from "./preset.ts";
import { TokenList } from "./tokenList.ts";

const MAX_HITS = 5000;
const CONTINUATION = 10;
const CHOICES = 64;

/** A prefix of continuations, as a node of their trie. */
interface Prefix {
  readonly token: number;
  readonly parent: Prefix | undefined;
  readonly depth: number;
  count: number;
  readonly children: Map<number, Prefix>;
}

/** Counts every prefix of the continuations. Returns them in the order they were met in. */
function countPrefixes({ data, low, high, matchLength }: RestSearch): Prefix[] {
  const met: Prefix[] = [];
  const roots = new Map<number, Prefix>();
  const end = Math.min(high, low + MAX_HITS);
  for (let hit = low; hit < end; hit++) {
    let siblings = roots;
    let parent: Prefix | undefined;
    for (const token of data.read(data.suffix(hit) + matchLength, CONTINUATION)) {
      if (token === SEPARATOR) break;
      let prefix = siblings.get(token);
      if (!prefix) {
        prefix = { token, parent, depth: (parent?.depth ?? 0) + 1, count: 0, children: new Map() };
        siblings.set(token, prefix);
        met.push(prefix);
      }
      prefix.count++;
      parent = prefix;
      siblings = prefix.children;
    }
  }
  return met;
}

function differentTokens(prefix: Prefix): number {
  const tokens = new Set<number>();
  for (let at: Prefix | undefined = prefix; at; at = at.parent) tokens.add(at.token);
  return tokens.size;
}

/** The prefixes that make the tree, the most frequent first and so parents before their children. */
export function draftChoices(search: RestSearch, choices = CHOICES): Prefix[] {
  const kept = countPrefixes(search)
    .sort((a, b) => b.count - a.count)
    .slice(0, choices);
  const sizes = new Map(kept.map(prefix => [prefix, differentTokens(prefix)]));
  const sizeOf = (prefix: Prefix) => sizes.get(prefix) ?? 0;
  let total = kept.reduce((sum, prefix) => sum + sizeOf(prefix), 0);
  const dropped = new Set<Prefix>();
  for (const prefix of [...kept].reverse().sort((a, b) => sizeOf(b) - sizeOf(a))) {
    if (total <= choices) break;
    total -= sizeOf(prefix);
    dropped.add(prefix);
  }
  return kept.filter(prefix => !dropped.has(prefix));
}

/** Grows a prefix with all that leads to it. Returns its node; -1 where the tree is full. */
function grow(tree: DraftTree, prefix: Prefix, room: number): number {
  const parent = prefix.parent ? grow(tree, prefix.parent, room) : 0;
  if (parent < 0) return -1;
  const known = tree.child(parent, prefix.token);
  if (known >= 0) return known;
  return tree.count < room ? tree.grow(parent, prefix.token) : -1;
}

/** @param search over the tokens of a store; nothing else is searched */
export function rest(search: RestSearch): Preset {
  const tree = new DraftTree(CHOICES + 1);
  const drafter = (history: Int32Array): TreeDrafter => {
    const text = new TokenList(history);
    return {
      push: token => text.push(token),
      draft(root, room) {
        tree.plant(root);
        search.find(text.tokens, text.size);
        if (search.matchLength > 0)
          for (const prefix of draftChoices(search)) grow(tree, prefix, Math.min(room, CHOICES + 1));
        return tree;
      },
    };
  };
  return { name: "rest", nodes: CHOICES + 1, begin: () => drafter };
}
