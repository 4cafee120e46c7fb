/**
 * Suffix automaton of a growing text (Blumer et al., 1985): a state stands for all strings that end at the same
 * places, and knows where the first of those places is and, once counted, how many there are. Typed arrays, since
 * a corpus has millions of states: about 90 bytes a token.
 */

const ROOT = 0;
const NONE = -1;
/** In code it is 2.05. */
const EDGES_PER_TOKEN = 2.2;
/** Slots of the hash table for each edge there may be, at least. */
const SLOTS_PER_EDGE = 1.5;

/** A part of a text, at the automaton's state for it. */
export interface Match {
  readonly state: number;
  /** Tokens. */
  readonly length: number;
}

export const NO_MATCH: Match = { state: ROOT, length: 0 };

export class SuffixAutomaton {
  /** Tokens of the text. */
  size = 0;
  states = 0;
  tokens: Int32Array;
  /** The state of the longest suffix that ends at more places; -1 for the root. */
  private link: Int32Array;
  /** Tokens of a state's longest string. */
  private length: Int32Array;
  /** Where a state's strings end first: as many tokens are up to there. */
  private firstEnd: Int32Array;
  /** Occurrences; while they are not counted, 1 where the state's longest string begins the text, 0 elsewhere. */
  private counts: Uint32Array;
  /** A state's last edge; each edge links to the one before. */
  private lastEdge: Int32Array;
  private readonly edges: EdgeTable;
  /** The state of the whole text. */
  private last = ROOT;

  /** @param capacity tokens expected */
  constructor(capacity: number) {
    const states = 2 * capacity + 2;
    this.tokens = new Int32Array(capacity);
    this.link = new Int32Array(states);
    this.length = new Int32Array(states);
    this.firstEnd = new Int32Array(states);
    this.counts = new Uint32Array(states);
    this.lastEdge = new Int32Array(states);
    this.edges = new EdgeTable(Math.max(16, Math.ceil(EDGES_PER_TOKEN * capacity)));
    this.addState(0, 0, NONE);
  }

  /** Appends a token to the text. */
  extend(token: number): void {
    this.reserve();
    const { link, length, edges } = this;
    this.tokens[this.size++] = token;
    const state = this.addState(this.size, this.size, ROOT);
    this.counts[state] = 1;
    let from = this.last;
    let edge = edges.find(from, token);
    while (from !== NONE && edge === NONE) {
      this.addEdge(from, token, state);
      from = link[from] as number;
      if (from !== NONE) edge = edges.find(from, token);
    }
    if (from !== NONE) {
      const to = edges.target(edge);
      link[state] = (length[from] as number) + 1 === length[to] ? to : this.split(from, to, token);
    }
    this.last = state;
  }

  /** A match with one more token after it: as long a suffix of the two as occurs. */
  advance({ state, length }: Match, token: number): Match {
    let at = state;
    let matched = length;
    for (;;) {
      const edge = this.edges.find(at, token);
      if (edge !== NONE) return { state: this.edges.target(edge), length: matched + 1 };
      if (at === ROOT) return NO_MATCH;
      at = this.link[at] as number;
      matched = this.length[at] as number;
    }
  }

  /** Where the first occurrence of a state's strings ends, as an index of the token that follows. */
  firstEndOf(state: number): number {
    return this.firstEnd[state] as number;
  }

  linkOf(state: number): number {
    return this.link[state] as number;
  }

  /** Counts occurrences: a string occurs where a longer one it is a suffix of does. No token may be added then. */
  countOccurrences(): void {
    const { counts, link, length, states } = this;
    const starts = new Uint32Array(this.size + 2);
    for (let state = 0; state < states; state++) {
      const next = (length[state] as number) + 1;
      starts[next] = (starts[next] as number) + 1;
    }
    for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
    const byLength = new Uint32Array(states);
    for (let state = 0; state < states; state++) {
      const at = length[state] as number;
      const place = starts[at] as number;
      byLength[place] = state;
      starts[at] = place + 1;
    }
    for (let i = states - 1; i > 0; i--) {
      const state = byLength[i] as number;
      const to = link[state] as number;
      counts[to] = (counts[to] as number) + (counts[state] as number);
    }
  }

  countOf(state: number): number {
    return this.counts[state] as number;
  }

  /** The tokens that follow a state's strings and the states they lead to, in no order. */
  *successors(state: number): Generator<{ readonly token: number; readonly state: number }> {
    const { edges } = this;
    for (let edge = this.lastEdge[state] as number; edge !== NONE; edge = edges.before(edge))
      yield { token: edges.token(edge), state: edges.target(edge) };
  }

  private addState(length: number, firstEnd: number, link: number): number {
    const state = this.states++;
    this.length[state] = length;
    this.firstEnd[state] = firstEnd;
    this.link[state] = link;
    this.lastEdge[state] = NONE;
    return state;
  }

  private addEdge(from: number, token: number, to: number): void {
    this.lastEdge[from] = this.edges.add(from, token, to, this.lastEdge[from] as number);
  }

  /** Parts from `to` the shorter strings that `from` leads to by `token`, as a state of their own. */
  private split(from: number, to: number, token: number): number {
    const { edges, link, length, lastEdge } = this;
    const shorter = this.addState(
      (length[from] as number) + 1,
      this.firstEnd[to] as number,
      link[to] as number,
    );
    for (let edge = lastEdge[to] as number; edge !== NONE; edge = edges.before(edge))
      this.addEdge(shorter, edges.token(edge), edges.target(edge));
    for (let at = from; at !== NONE; at = link[at] as number) {
      const edge = edges.find(at, token);
      if (edge === NONE || edges.target(edge) !== to) break;
      edges.lead(edge, shorter);
    }
    link[to] = shorter;
    return shorter;
  }

  /** Makes room for one more token, which takes two states at most. */
  private reserve(): void {
    if (this.size < this.tokens.length) return;
    const capacity = 2 * Math.max(8, this.tokens.length);
    this.tokens = grown(this.tokens, capacity);
    for (const name of ["link", "length", "firstEnd", "lastEdge"] as const)
      this[name] = grown(this[name], 2 * capacity + 2);
    const counts = new Uint32Array(2 * capacity + 2);
    counts.set(this.counts);
    this.counts = counts;
  }
}

function grown(array: Int32Array, size: number): Int32Array {
  const larger = new Int32Array(size);
  larger.set(array);
  return larger;
}

/** Edges by state and token: a hash table with open addressing over arrays of edges. */
class EdgeTable {
  private count = 0;
  private from: Int32Array;
  private by: Int32Array;
  private to: Int32Array;
  private previous: Int32Array;
  /** An edge's number plus one; 0 where a slot is free. */
  private slots: Int32Array;

  constructor(capacity: number) {
    this.from = new Int32Array(capacity);
    this.by = new Int32Array(capacity);
    this.to = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(SLOTS_PER_EDGE * capacity)));
  }

  find(state: number, token: number): number {
    const { slots, from, by } = this;
    const mask = slots.length - 1;
    for (let slot = hash(state, token) & mask; ; slot = (slot + 1) & mask) {
      const edge = (slots[slot] as number) - 1;
      if (edge < 0 || (from[edge] === state && by[edge] === token)) return edge;
    }
  }

  /** @param before the state's edge that was added last @returns the edge's number */
  add(state: number, token: number, target: number, before: number): number {
    if (this.count === this.from.length) this.grow();
    const edge = this.count++;
    this.from[edge] = state;
    this.by[edge] = token;
    this.to[edge] = target;
    this.previous[edge] = before;
    this.place(edge);
    return edge;
  }

  token(edge: number): number {
    return this.by[edge] as number;
  }

  target(edge: number): number {
    return this.to[edge] as number;
  }

  before(edge: number): number {
    return this.previous[edge] as number;
  }

  lead(edge: number, target: number): void {
    this.to[edge] = target;
  }

  private place(edge: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash(this.from[edge] as number, this.by[edge] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = edge + 1;
  }

  private grow(): void {
    const capacity = 2 * this.from.length;
    for (const name of ["from", "by", "to", "previous"] as const) this[name] = grown(this[name], capacity);
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(SLOTS_PER_EDGE * capacity)));
    for (let edge = 0; edge < this.count; edge++) this.place(edge);
  }
}

function hash(state: number, token: number): number {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 4;
}
