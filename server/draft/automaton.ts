/**
 * The dynamic suffix automaton of a token stream (Blumer et al. 1985; used for drafting by SAM-Decoding,
 * arXiv 2411.10666, section 3). After each token it knows the longest suffixes of the stream that occurred
 * before, and where each of them occurred last.
 *
 * A state stands for a set of substrings with the same end positions; `length` is its longest member and
 * `link` the state of the longest suffix that occurs elsewhere too. Walking the links from the state of
 * the whole stream visits ever shorter suffixes that have occurred before. SAM-Decoding drafts from the
 * earliest occurrence; the most recent one is the better guess in a file under edit, so each state on the
 * walk remembers the last position at which it was seen. The walk is cut after `RECENCY_HOPS` states,
 * which keeps the work per token constant even for a token repeated without end; a state beyond it may
 * remember an older occurrence, which is still a true one, and count too few.
 */

const RECENCY_HOPS = 24;
const NONE = -1;

export class SuffixAutomaton {
  /** Tokens so far; the first `size` of `tokens`. */
  size = 0;
  tokens: Int32Array;
  /** Earlier occurrences of the stream's suffixes, longest suffix first. */
  readonly matches = {
    count: 0,
    /** Length of a suffix that occurred before, in tokens; strictly falling. */
    lengths: new Int32Array(RECENCY_HOPS),
    /** Index of the token that followed its most recent earlier occurrence. */
    nexts: new Int32Array(RECENCY_HOPS),
    /** How often it occurred before. */
    counts: new Int32Array(RECENCY_HOPS),
  };
  private states = 1;
  private last = 0;
  private length: Int32Array;
  private link: Int32Array;
  private seenAt: Int32Array;
  private seen: Int32Array;
  private readonly edges: EdgeTable;

  /** @param expected tokens there will be; more are taken at the price of a copy */
  constructor(expected = 1024) {
    const capacity = Math.max(16, expected);
    this.tokens = new Int32Array(capacity);
    this.length = new Int32Array(2 * capacity);
    this.link = new Int32Array(2 * capacity);
    this.seenAt = new Int32Array(2 * capacity);
    this.seen = new Int32Array(2 * capacity);
    this.link[0] = NONE;
    this.edges = new EdgeTable(4 * capacity);
  }

  /** Appends one token and looks up the suffixes it ends; amortised O(1). */
  extend(token: number): void {
    if (this.size === this.tokens.length) this.grow();
    const { length, link, edges } = this;
    const position = this.size;
    this.tokens[this.size++] = token;
    const current = this.states++;
    length[current] = length[this.last] + 1;
    this.seenAt[current] = position;
    this.seen[current] = 1;
    let state = this.last;
    let target = NONE;
    while (state !== NONE) {
      target = edges.get(state, token);
      if (target !== NONE) break;
      edges.set(state, token, current);
      state = link[state];
    }
    link[current] = state === NONE ? 0 : this.linkTarget(state, target, token);
    this.last = current;
    this.visitSuffixes(position);
  }

  /** The state that holds exactly the suffix reached from `state` by `token`; splits `target` if need be. */
  private linkTarget(state: number, target: number, token: number): number {
    const { length, link, edges } = this;
    if (length[target] === length[state] + 1) return target;
    const clone = this.states++;
    length[clone] = length[state] + 1;
    link[clone] = link[target];
    this.seenAt[clone] = this.seenAt[target];
    this.seen[clone] = this.seen[target];
    edges.copy(target, clone);
    for (let from = state; from !== NONE && edges.get(from, token) === target; from = link[from])
      edges.set(from, token, clone);
    link[target] = clone;
    return clone;
  }

  private visitSuffixes(position: number): void {
    const { matches, length, link, seenAt, seen } = this;
    matches.count = 0;
    let state = link[this.last];
    for (let hop = 0; hop < RECENCY_HOPS && state > 0; hop++) {
      matches.lengths[hop] = length[state];
      matches.nexts[hop] = seenAt[state] + 1;
      matches.counts[hop] = seen[state]++;
      matches.count++;
      seenAt[state] = position;
      state = link[state];
    }
  }

  private grow(): void {
    const capacity = this.tokens.length * 2;
    const grown = (old: Int32Array, size: number) => {
      const array = new Int32Array(size);
      array.set(old);
      return array;
    };
    this.tokens = grown(this.tokens, capacity);
    this.length = grown(this.length, 2 * capacity);
    this.link = grown(this.link, 2 * capacity);
    this.seenAt = grown(this.seenAt, 2 * capacity);
    this.seen = grown(this.seen, 2 * capacity);
  }
}

/**
 * Edges `(state, token) -> state` in one open-addressing table. The edges of a state form a list through
 * `nextOfState`, so that a clone can copy them.
 */
class EdgeTable {
  private capacity: number;
  private used = 0;
  private state: Int32Array;
  private token: Int32Array;
  private target: Int32Array;
  private nextOfState: Int32Array;
  private readonly firstOfState: number[] = [];

  constructor(expected: number) {
    this.capacity = 64;
    while (this.capacity < expected) this.capacity *= 2;
    this.state = new Int32Array(this.capacity).fill(NONE);
    this.token = new Int32Array(this.capacity);
    this.target = new Int32Array(this.capacity);
    this.nextOfState = new Int32Array(this.capacity);
  }

  get(state: number, token: number): number {
    const slot = this.slot(state, token);
    return this.state[slot] === NONE ? NONE : this.target[slot];
  }

  set(state: number, token: number, target: number): void {
    let slot = this.slot(state, token);
    if (this.state[slot] === NONE) {
      if (this.used * 4 >= this.capacity * 3) {
        this.rehash();
        slot = this.slot(state, token);
      }
      this.used++;
      this.state[slot] = state;
      this.token[slot] = token;
      this.nextOfState[slot] = this.firstOfState[state] ?? NONE;
      this.firstOfState[state] = slot;
    }
    this.target[slot] = target;
  }

  copy(from: number, to: number): void {
    // Collected first: inserting may move the slots.
    const pairs: number[] = [];
    for (let slot = this.firstOfState[from] ?? NONE; slot !== NONE; slot = this.nextOfState[slot])
      pairs.push(this.token[slot], this.target[slot]);
    for (let i = 0; i < pairs.length; i += 2) this.set(to, pairs[i], pairs[i + 1]);
  }

  private slot(state: number, token: number): number {
    const mask = this.capacity - 1;
    let slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (this.state[slot] !== NONE && (this.state[slot] !== state || this.token[slot] !== token))
      slot = (slot + 1) & mask;
    return slot;
  }

  private rehash(): void {
    const { state, token, target } = this;
    const slots = this.capacity;
    this.capacity *= 2;
    this.used = 0;
    this.state = new Int32Array(this.capacity).fill(NONE);
    this.token = new Int32Array(this.capacity);
    this.target = new Int32Array(this.capacity);
    this.nextOfState = new Int32Array(this.capacity);
    this.firstOfState.length = 0;
    for (let slot = 0; slot < slots; slot++)
      if (state[slot] !== NONE) this.set(state[slot], token[slot], target[slot]);
  }
}
