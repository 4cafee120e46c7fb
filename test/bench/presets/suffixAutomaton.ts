/**
 * A suffix automaton that its users follow: it knows where a string's first occurrence ends and, once occurrences
 * are counted, how many there are. It takes about 90 bytes per token.
 */
import { NO_STATE, ROOT, SuffixStates } from "../../../server/draft/index.ts";

/** A part of a text, at the automaton's state for it. */
export interface Match {
  readonly state: number;
  /** Tokens. */
  readonly length: number;
}

export const NO_MATCH: Match = { state: ROOT, length: 0 };

export class SuffixAutomaton extends SuffixStates {
  /** Where a state's strings first end: the number of tokens up to there. */
  private firstEnd: Int32Array;
  /** Occurrences; before they are counted, 1 if the state's longest string begins the text, otherwise 0. */
  private counts: Uint32Array;

  /** @param capacity the expected number of tokens */
  constructor(capacity: number) {
    super(capacity);
    this.firstEnd = new Int32Array(this.capacity);
    this.counts = new Uint32Array(this.capacity);
  }

  override extend(token: number): number {
    const state = super.extend(token);
    if (this.firstEnd.length < this.capacity) this.growArrays();
    this.firstEnd[state] = this.size;
    this.counts[state] = 1;
    if (this.parted !== NO_STATE) this.firstEnd[this.parted] = this.firstEnd[this.partedFrom] as number;
    return state;
  }

  /** A match extended by one token: the longest suffix of the two that occurs. */
  advance({ state, length }: Match, token: number): Match {
    const { edges, link, length: lengths } = this;
    let at = state;
    let matched = length;
    for (;;) {
      const edge = edges.find(at, token);
      if (edge >= 0) return { state: edges.target(edge), length: matched + 1 };
      if (at === ROOT) return NO_MATCH;
      at = link[at] as number;
      matched = lengths[at] as number;
    }
  }

  /** Where the first occurrence of a state's strings ends, as an index of the token that follows. */
  firstEndOf(state: number): number {
    return this.firstEnd[state] as number;
  }

  linkOf(state: number): number {
    return this.link[state] as number;
  }

  /** Counts occurrences: a string occurs wherever a longer string with that suffix does. No token may be added afterwards. */
  countOccurrences(): void {
    const { counts, link, length, count: states, size } = this;
    const starts = new Uint32Array(size + 2);
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

  private growArrays(): void {
    const { firstEnd, counts, capacity } = this;
    this.firstEnd = new Int32Array(capacity);
    this.firstEnd.set(firstEnd);
    this.counts = new Uint32Array(capacity);
    this.counts.set(counts);
  }
}
