/**
 * REST (He et al., "REST: Retrieval-Based Speculative Decoding", NAACL 2024, sections 3.2 and 3.3; `search` of
 * its `DraftRetriever`): the last 16, 15 ... 2 tokens are searched for in a datastore's suffix array. The 10
 * tokens after each of the first 5,000 occurrences, in the array's order, are counted prefix by prefix, and
 * the 64 most frequent prefixes become the tree.
 *
 * The tree is trimmed as in the original: while the numbers of different tokens of the kept prefixes add up to more than 64,
 * the prefix with the most is dropped. Ties, which a hash table decides in the original, go to the prefix that comes earlier in
 * the array, so that no prefix is kept without its beginning; of equally long ones the rarer is dropped first.
 * Continuations end with their document; in the original they run on into the next. If nothing is found,
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

/** Counts every prefix of the continuations. Returns them in the order in which they were found. */
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

/** The prefixes that make the tree, the most frequent first, so that parents precede their children. */
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

/** Grows a prefix with all its ancestors. Returns its node, or -1 if the tree is full. */
function grow(tree: DraftTree, prefix: Prefix, room: number): number {
  const parent = prefix.parent ? grow(tree, prefix.parent, room) : 0;
  if (parent < 0) return -1;
  const known = tree.child(parent, prefix.token);
  if (known >= 0) return known;
  return tree.count < room ? tree.grow(parent, prefix.token) : -1;
}

/** @param search searches the tokens of a store; nothing else is searched */
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
