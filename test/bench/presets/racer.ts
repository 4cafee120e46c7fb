/**
 * RACER ("RACER: Retrieval-Augmented Contextual Rapid Speculative Decoding", Findings of ACL 2026; the automaton of its
 * repository, hkr04/RACER, which merges as in its later versions, with its evaluation's values): the n-grams of the text, ten
 * tokens each, are kept in a trie of 10,000 nodes, and the text is followed through it. The continuations of all strings of
 * two tokens or more that the text ends with are pooled, and the most frequent ones make the tree, the
 * shorter of equals first. The room left of 64 nodes, root included, is filled from the tokens that the model last found most
 * likely after each token, rejected drafts and the prompt included: breadth first, the root with
 * eight children, a child with half its parent's breadth (the root's children start with all of it) and each
 * further sibling with half of the previous one's, at least one. Nodes that exist already cost nothing and are
 * extended. Trie and table are kept from prompt to prompt.
 *
 * `racer-sglang` has trees of 32 nodes, as its author measured it in SGLang (pull request 39211).
 *
 * Between equally frequent and equally long continuations, the original's heap decides; here the one found first wins. An
 * unknown row drafts nothing here; in the original it drafts token 0. The table starts from the tree's root, the trie from the
 * text: the two differ if the prompt ends with a control token.
 */
import { DraftTree, type TreeDrafter, type VerifiedTree } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";
import { SUCCESSORS, SuccessorTable } from "./recycling.ts";
import { RetrievalTrie, type TrieNode } from "./retrievalTrie.ts";
import { TokenList } from "./tokenList.ts";

const GRAM = 10;
const TRIE_NODES = 10_000;
const SHORTEST_MATCH = 2;
const ROOT = 0;

export const RACER_SIZES = { racer: 64, "racer-sglang": 32 } as const;
export type RacerName = keyof typeof RACER_SIZES;

/** A continuation of a string, as a node of the trie. */
interface Continuation {
  readonly node: TrieNode;
  /** The continuation that it extends; undefined for the string itself. */
  readonly before: Continuation | undefined;
}

/** The most frequent continuations of all strings together, the strings among them, each after the one it extends. */
export function frequentContinuations(strings: readonly TrieNode[], most: number): Continuation[] {
  const best = (found: readonly Continuation[]) =>
    [...found].sort((a, b) => b.node.count - a.node.count || a.node.depth - b.node.depth).slice(0, most);
  let kept = best(strings.map(node => ({ node, before: undefined })));
  let layer = kept;
  // An extension of a continuation is no more frequent, so only kept continuations are extended.
  while (layer.length > 0) {
    const next = layer.flatMap(before => [...before.node.children.values()].map(node => ({ node, before })));
    kept = best([...kept, ...next]);
    const still = new Set(kept);
    layer = next.filter(continuation => still.has(continuation));
  }
  return kept;
}

/** Grows continuations under the root, until the tree has `room` nodes. */
function growContinuations(tree: DraftTree, continuations: readonly Continuation[], room: number): void {
  const nodes = new Map<Continuation | undefined, number>();
  for (const continuation of continuations) {
    const { before, node } = continuation;
    const parent = nodes.get(before);
    if (!before) nodes.set(continuation, ROOT);
    else if (parent !== undefined) {
      const known = tree.child(parent, node.token);
      if (known < 0 && tree.count >= room) continue;
      nodes.set(continuation, known < 0 ? tree.grow(parent, node.token) : known);
    }
  }
}

/** Fills a tree up to `room` nodes with the tokens that the model found likely after each token. */
export function fillFromTable(tree: DraftTree, table: SuccessorTable, room: number): void {
  const waiting = [{ node: ROOT, breadth: SUCCESSORS }];
  for (const { node, breadth } of waiting) {
    let next = node === ROOT ? breadth : breadth >> 1;
    for (let rank = 0; rank < breadth; rank++) {
      const token = table.successor(tree.tokens[node] as number, rank);
      if (token < 0) break;
      const known = tree.child(node, token);
      if (known < 0 && tree.count >= room) return;
      waiting.push({ node: known < 0 ? tree.grow(node, token) : known, breadth: Math.max(1, next) });
      next >>= 1;
    }
  }
}

/** One completion. */
class Completion implements TreeDrafter {
  private readonly tree: DraftTree;
  private readonly text: TokenList;
  /** Tokens of the text whose n-grams the trie has: all but the last, which is a draft's root. */
  private known: number;

  constructor(
    history: Int32Array,
    private readonly trie: RetrievalTrie,
    private readonly table: SuccessorTable,
    private readonly nodes: number,
  ) {
    this.tree = new DraftTree(nodes);
    this.text = new TokenList(history);
    this.known = Math.max(0, history.length - 1);
    for (let end = GRAM; end <= this.known; end++) this.putGram(end);
    trie.link();
  }

  push(token: number): void {
    this.text.push(token);
  }

  draft(root: number, room: number): DraftTree {
    const { tree, text, trie } = this;
    this.follow();
    tree.plant(root);
    if (text.size === 0) return tree;
    const most = Math.min(room, this.nodes);
    const strings = trie.suffixes(text.tokens[text.size - 1] as number, SHORTEST_MATCH);
    growContinuations(tree, frequentContinuations(strings, most), most);
    fillFromTable(tree, this.table, most);
    return tree;
  }

  observe(verified: VerifiedTree): void {
    this.table.learn(verified);
  }

  /** Adds the tokens decided since the last draft: its n-grams, the newest first, then the text itself. */
  private follow(): void {
    const { text, trie, known } = this;
    const end = text.size - 1;
    if (end <= known) return;
    for (let at = end; at > known && at >= GRAM; at--) this.putGram(at);
    // The first of them is the last draft's root, which drafting has followed.
    if (end > known + 1) trie.follow(text.tokens.subarray(known + 1, end));
    this.known = end;
  }

  private putGram(end: number): void {
    this.trie.put([...this.text.tokens.subarray(end - GRAM, end)]);
  }
}

export function racer(vocabularySize: number, name: RacerName = "racer"): Preset {
  const nodes = RACER_SIZES[name];
  return {
    name,
    nodes,
    readsPrompt: true,
    begin: () => {
      const trie = new RetrievalTrie(TRIE_NODES);
      const table = new SuccessorTable(vocabularySize);
      return (history, details) => {
        if (details?.predictions) table.learnPrompt(details.predictions);
        return new Completion(history, trie, table, nodes);
      };
    },
  };
}
