/**
 * The states and links of a suffix automaton of a growing token stream (Blumer et al. 1985). A state stands for all
 * substrings that end at the same places; `length` is that of its longest one, and `link` the state of the longest
 * suffix of it that ends at more places. Owners keep further facts about states in their own arrays, which grow along
 * with these. Typed arrays, since a corpus has millions of states.
 */
import { EdgeTable } from "./edgeTable.ts";
import { grown } from "./grown.ts";

/** The state of the empty string. */
export const ROOT = 0;
export const NO_STATE = -1;
/** In code it is 2.05. */
const EDGES_PER_TOKEN = 2.2;
/** The smallest arrays. */
const MIN_TOKENS = 8;

export class SuffixStates {
  /** The tokens so far are the first `size` of `tokens`. */
  size = 0;
  tokens: Int32Array;
  /** States so far, and how many there is room for. */
  count = 1;
  capacity: number;
  /** The state of the whole stream. */
  last = ROOT;
  /** The state that the last `extend` split off, and the one it was split from; `NO_STATE` if there is none. */
  parted = NO_STATE;
  partedFrom = NO_STATE;
  length: Int32Array;
  link: Int32Array;
  readonly edges: EdgeTable;
  /** By state: its last edge; each edge knows the one before. */
  private lastEdge: Int32Array;

  /** @param expected tokens there will be; more are taken at the price of a copy */
  constructor(expected: number) {
    const tokens = Math.max(MIN_TOKENS, expected);
    // A token adds two states at most.
    this.capacity = 2 * tokens + 2;
    this.tokens = new Int32Array(tokens);
    this.length = new Int32Array(this.capacity);
    this.link = new Int32Array(this.capacity);
    this.lastEdge = new Int32Array(this.capacity);
    this.edges = new EdgeTable(Math.ceil(EDGES_PER_TOKEN * tokens));
    this.link[ROOT] = NO_STATE;
    this.lastEdge[ROOT] = NO_STATE;
  }

  /** Appends one token and returns the state of the whole stream; amortised O(1). `capacity` may have grown. */
  extend(token: number): number {
    if (this.size === this.tokens.length) this.grow();
    const { length, link, edges } = this;
    this.tokens[this.size++] = token;
    this.parted = NO_STATE;
    this.partedFrom = NO_STATE;
    const state = this.add(this.size, ROOT);
    let from = this.last;
    let edge = edges.find(from, token);
    while (from !== NO_STATE && edge < 0) {
      this.addEdge(from, token, state);
      from = link[from];
      if (from !== NO_STATE) edge = edges.find(from, token);
    }
    if (from !== NO_STATE) {
      const target = edges.target(edge);
      link[state] = length[from] + 1 === length[target] ? target : this.part(from, target, token);
    }
    this.last = state;
    return state;
  }

  /** The tokens that follow a state's strings and the states they lead to, in no order. */
  *successors(state: number): Generator<{ readonly token: number; readonly state: number }> {
    const { edges } = this;
    for (let edge = this.lastEdge[state]; edge >= 0; edge = edges.before(edge))
      yield { token: edges.token(edge), state: edges.target(edge) };
  }

  private add(length: number, link: number): number {
    const state = this.count++;
    this.length[state] = length;
    this.link[state] = link;
    this.lastEdge[state] = NO_STATE;
    return state;
  }

  private addEdge(from: number, token: number, to: number): void {
    this.lastEdge[from] = this.edges.add(from, token, to, this.lastEdge[from]);
  }

  /** Splits off from `target` the shorter strings that `from` leads to by `token`, as a new state. */
  private part(from: number, target: number, token: number): number {
    const { edges, link, length, lastEdge } = this;
    const shorter = this.add(length[from] + 1, link[target]);
    for (let edge = lastEdge[target]; edge >= 0; edge = edges.before(edge))
      this.addEdge(shorter, edges.token(edge), edges.target(edge));
    for (let at = from; at !== NO_STATE; at = link[at]) {
      const edge = edges.find(at, token);
      if (edge < 0 || edges.target(edge) !== target) break;
      edges.redirect(edge, shorter);
    }
    link[target] = shorter;
    this.parted = shorter;
    this.partedFrom = target;
    return shorter;
  }

  private grow(): void {
    const tokens = 2 * this.tokens.length;
    this.capacity = 2 * tokens + 2;
    this.tokens = grown(this.tokens, tokens);
    for (const name of ["length", "link", "lastEdge"] as const) this[name] = grown(this[name], this.capacity);
  }
}
