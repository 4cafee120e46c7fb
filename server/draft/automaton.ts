/**
 * The dynamic suffix automaton of a token stream (Blumer et al. 1985; used for drafting by SAM-Decoding,
 * arXiv 2411.10666, section 3). After each token it knows the longest suffixes of the stream that occurred
 * before, and where each of them occurred last.
 *
 * A state stands for a set of substrings with the same end positions; `length` is its longest member and `link` the state of
 * the longest suffix that occurs elsewhere too. Walking the links from the state of the whole stream visits ever shorter
 * suffixes that have occurred before. SAM-Decoding drafts from the earliest occurrence; the most recent one is the better guess
 * in a file under edit, so each state on the walk remembers the last position at which it was seen. The walk is cut after
 * `RECENCY_HOPS` states, which keeps the work per token constant even for a token repeated without end; a state beyond it may
 * remember an older occurrence, which is still valid, and its count may be too low.
 */
import { grown } from "./grown.ts";
import { NO_STATE, SuffixStates } from "./suffixStates.ts";

const RECENCY_HOPS = 24;

export class SuffixAutomaton {
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
  private readonly states: SuffixStates;
  /** By state: the index of its last token where it was seen last, and how often it was seen. */
  private seenAt: Int32Array;
  private seen: Int32Array;

  /** @param expected tokens there will be; more are taken at the price of a copy */
  constructor(expected = 1024) {
    this.states = new SuffixStates(expected);
    this.seenAt = new Int32Array(this.states.capacity);
    this.seen = new Int32Array(this.states.capacity);
  }

  /** The tokens so far are the first `size` of `tokens`. */
  get size(): number {
    return this.states.size;
  }

  get tokens(): Int32Array {
    return this.states.tokens;
  }

  /** Appends one token and looks up the suffixes it ends; amortised O(1). */
  extend(token: number): void {
    const { states } = this;
    const state = states.extend(token);
    if (this.seen.length < states.capacity) {
      this.seen = grown(this.seen, states.capacity);
      this.seenAt = grown(this.seenAt, states.capacity);
    }
    this.seenAt[state] = states.size - 1;
    this.seen[state] = 1;
    const { parted, partedFrom } = states;
    if (parted !== NO_STATE) {
      this.seenAt[parted] = this.seenAt[partedFrom];
      this.seen[parted] = this.seen[partedFrom];
    }
    this.visitSuffixes();
  }

  private visitSuffixes(): void {
    const { matches, seenAt, seen } = this;
    const { length, link, last, size } = this.states;
    matches.count = 0;
    let state = link[last];
    for (let hop = 0; hop < RECENCY_HOPS && state > 0; hop++) {
      matches.lengths[hop] = length[state];
      matches.nexts[hop] = seenAt[state] + 1;
      matches.counts[hop] = seen[state]++;
      matches.count++;
      seenAt[state] = size - 1;
      state = link[state];
    }
  }
}
