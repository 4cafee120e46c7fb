/**
 * PIA, or Lookahead (Zhao et al., "Lookahead: An Inference Acceleration Framework for Large Language Model with
 * Lossless Generation Accuracy", KDD 2024, section 4; `lookahead_cache.py` in its repository): a trie for each
 * token holds the branches that followed it, up to 13 tokens each, with how often each occurred in this prompt and in
 * generated text, for this and for earlier prompts. The last two tokens are looked up, and, if fewer than 12
 * nodes were found, the last one alone. The tree consists of the branches found, depth first, the more frequent sibling first,
 * with at most 64 nodes (`decoding_length`) and 12 levels (`branch_length`). An occurrence in the prompt counts 10,000 times
 * as much as one in generated text.
 *
 * If more than 64 nodes were found, only those are used that were generated as often as the 32nd of them. This is what the
 * published code does; its threshold on the mixed frequency never takes effect. Branches of
 * earlier prompts stay, with frequency 0. When 1,024 tries have changed, those of them with more than 512 generated nodes
 * or 65,536 nodes in all have their counts halved and lose nodes that were generated once or never; a trie that a prompt has
 * created does not count as changed.
 *
 * As in the original, a prompt's first token is not kept (it is the token that begins a text), and a tree has one level
 * fewer than there are tokens left to generate.
 */
import { DraftTree, type TreeDrafter } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";

const DECODING_LENGTH = 64;
const BRANCH_LENGTH = 12;
const QUERY_LENGTH = 2;
const OUTPUT_WEIGHT = 1e-4;
const MIN_OUTPUT_NODES = DECODING_LENGTH / 2;
const MAX_NODES = 65_536;
const MAX_OUTPUT_NODES = 512;
const SQUEEZED_TRIES = 1024;

type Source = "input" | "output";

interface Node {
  /** Occurrences in the prompt, and in the text generated for all prompts. */
  input: number;
  output: number;
  readonly children: Children;
}
type Children = Map<number, Node>;

const isFrequent = ({ input, output }: Node) => input > 0 || output > 0;
const mixed = ({ input, output }: Node) => (1 - OUTPUT_WEIGHT) * input + OUTPUT_WEIGHT * output;

/** The branches that followed one token. */
export class Trie {
  readonly children: Children = new Map();
  private nodes = 0;
  private outputNodes = 0;

  put(branch: readonly number[], source: Source): void {
    let children = this.children;
    for (const token of branch) {
      let node = children.get(token);
      if (!node) {
        node = { input: 0, output: 0, children: new Map() };
        children.set(token, node);
        this.nodes++;
        if (source === "output") this.outputNodes++;
      }
      node[source]++;
      children = node.children;
    }
  }

  /** The nodes that follow `tokens` after the trie's own token. */
  match(tokens: readonly number[]): Children {
    let { children } = this;
    for (const token of tokens) {
      const node = children.get(token);
      if (!node || !isFrequent(node)) return new Map();
      children = node.children;
    }
    return children;
  }

  squeeze(): void {
    if (this.nodes <= MAX_NODES && this.outputNodes <= MAX_OUTPUT_NODES) return;
    this.nodes = halve(this.children);
    this.outputNodes = this.nodes;
  }

  forgetPrompt(): void {
    forget(this.children);
  }
}

/** Halves the counts of generated nodes and drops those generated once or never. Returns how many nodes are left. */
function halve(children: Children): number {
  let left = 0;
  for (const [token, node] of children) {
    if (node.output > 1) {
      node.output /= 2;
      left += 1 + halve(node.children);
    } else children.delete(token);
  }
  return left;
}

function forget(children: Children): void {
  for (const node of children.values()) {
    if (node.input === 0) continue;
    node.input = 0;
    forget(node.children);
  }
}

/** The tries of a run. */
export class TrieCache {
  private readonly tries = new Map<number, Trie>();
  private readonly changed = new Set<Trie>();
  private readonly ofPrompt = new Set<Trie>();

  /** Records what follows each of the first `count` tokens. */
  put(tokens: readonly number[], count: number, source: Source): void {
    for (let i = 0; i < count; i++) {
      const token = tokens[i] as number;
      const known = this.tries.get(token);
      const trie = known ?? new Trie();
      if (!known) this.tries.set(token, trie);
      trie.put(tokens.slice(i + 1, i + 2 + BRANCH_LENGTH), source);
      if (known || source === "output") this.changed.add(trie);
      if (source === "input") this.ofPrompt.add(trie);
    }
  }

  /** Ends a prompt: its counts are forgotten, and if many tries have changed, the large ones are squeezed. */
  endPrompt(): void {
    for (const trie of this.ofPrompt) trie.forgetPrompt();
    this.ofPrompt.clear();
    if (this.changed.size < SQUEEZED_TRIES) return;
    for (const trie of this.changed) trie.squeeze();
    this.changed.clear();
  }

  /** Tries that have changed since large ones were last squeezed. */
  get changes(): number {
    return this.changed.size;
  }

  /**
   * Grows the branches that followed the last tokens under the root of `tree`. Longer matches come
   * first; one that gives `levels` nodes ends the search.
   * @param levels the most levels below the root
   */
  fill(tree: DraftTree, query: readonly number[], room: number, levels: number): void {
    const root = tree.tokens[0] as number;
    for (const [i, token] of query.entries()) {
      const trie = this.tries.get(token);
      if (!trie) continue;
      const found = trie.match(query.slice(i + 1));
      tree.plant(root);
      growBranches(tree, found, Math.min(room, DECODING_LENGTH), levels);
      if (tree.count >= levels) return;
    }
  }
}

/** How often a node must have been generated to be used. */
function leastOutput(children: Children): number {
  const outputs: number[] = [];
  const collect = (nodes: Children) => {
    for (const node of nodes.values()) {
      if (!isFrequent(node)) continue;
      outputs.push(node.output);
      collect(node.children);
    }
  };
  collect(children);
  if (outputs.length <= DECODING_LENGTH) return 0;
  return outputs.sort((a, b) => b - a)[MIN_OUTPUT_NODES - 1] ?? 0;
}

function growBranches(tree: DraftTree, children: Children, room: number, levels: number): void {
  const least = leastOutput(children);
  const grow = (siblings: Children, parent: number, left: number) => {
    if (left === 0) return;
    const sorted = [...siblings].sort(([, a], [, b]) => mixed(b) - mixed(a));
    for (const [token, node] of sorted) {
      if (tree.count >= room) return;
      if (node.output >= least) grow(node.children, tree.grow(parent, token), left - 1);
    }
  };
  grow(children, 0, levels);
}

/** One completion. Generated tokens are put into the tries once a whole branch exists, the rest at the end. */
class Completion implements TreeDrafter {
  private readonly tree = new DraftTree(DECODING_LENGTH);
  /** The last tokens of the text. */
  private query: number[];
  /** Generated tokens that have not been put into the tries yet. */
  private generated: number[] = [];

  /** @param left the most tokens that will be generated */
  constructor(
    private readonly cache: TrieCache,
    history: Int32Array,
    private readonly endsText: (token: number) => boolean,
    private left: number,
  ) {
    const tokens = Array.from(history);
    this.query = tokens.slice(-QUERY_LENGTH);
    cache.put(tokens.slice(1), tokens.length - 2, "input");
  }

  push(token: number): void {
    this.left--;
    if (this.endsText(token)) return;
    this.query = [...this.query, token].slice(-QUERY_LENGTH);
    this.generated.push(token);
  }

  draft(root: number, room: number): DraftTree {
    const waiting = this.generated.length - BRANCH_LENGTH - 1;
    if (waiting > 0) {
      this.cache.put(this.generated, waiting, "output");
      this.generated = this.generated.slice(waiting);
    }
    this.tree.plant(root);
    const levels = Math.min(BRANCH_LENGTH, this.left - 1);
    if (levels > 0) this.cache.fill(this.tree, this.query, room, levels);
    return this.tree;
  }

  end(): void {
    this.cache.put(this.generated, this.generated.length - 1, "output");
    this.cache.endPrompt();
  }
}

export function pia(endsText: (token: number) => boolean): Preset {
  return {
    name: "pia",
    nodes: DECODING_LENGTH,
    begin: () => {
      const cache = new TrieCache();
      let current: Completion | undefined;
      return (history, details) => {
        current?.end();
        current = new Completion(cache, history, endsText, details?.maxTokens ?? Number.POSITIVE_INFINITY);
        return current;
      };
    },
  };
}
