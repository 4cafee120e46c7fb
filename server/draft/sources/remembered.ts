/** Texts remembered from completion to completion: what was suggested or deleted just now, what was accepted. */
import { LiveIndex, SEPARATOR } from "../../../datastores/live/index.ts";
import { SourceThrottle } from "../sourceThrottle.ts";
import type { CorpusSource } from "./corpus.ts";
import { LiveCorpus } from "./liveCorpus.ts";
import type { NearbyTexts } from "./nearby.ts";

const RECENT_TOKENS = 4096;

/** The last few thousand tokens of what was suggested, deleted or undone, oldest first. */
export class RecentTexts implements NearbyTexts {
  readonly tokens = new Int32Array(RECENT_TOKENS);
  size = 0;

  /** Adds a text; of a long one only its beginning. The oldest texts make room for it. */
  add(text: Int32Array): void {
    const added = text.subarray(0, RECENT_TOKENS >> 2);
    if (added.length === 0) return;
    if (this.size + added.length + 1 > RECENT_TOKENS) {
      // No text takes more than a quarter of the room, so one ends in the second half.
      const kept = this.tokens.indexOf(SEPARATOR, RECENT_TOKENS >> 1) + 1;
      this.tokens.copyWithin(0, kept, this.size);
      this.size -= kept;
    }
    this.tokens.set(added, this.size);
    this.size += added.length;
    this.tokens[this.size++] = SEPARATOR;
  }
}

const MAX_ACCEPTED = 400;
const ACCEPTED_TOKENS = 1 << 17;

/**
 * Completions that were accepted, as PIA (Lookahead, arXiv 2312.12728) keeps its past outputs: text that was accepted once is
 * often generated again. PIA has a trie with decaying counts; this is an index of the last few hundred texts, in which newer
 * ones count as more recent and the oldest are dropped.
 */
export class AcceptedTexts {
  private readonly index = new LiveIndex(ACCEPTED_TOKENS);
  private oldest = 0;
  private next = 0;
  readonly source: CorpusSource = {
    name: "accepted",
    corpus: new LiveCorpus(this.index, { recency: name => 1 / (1 + (this.next - 1 - Number(name)) / 32) }),
    throttle: new SourceThrottle(),
  };

  /** Adds a completion, with a few tokens of what stood before it. */
  add(text: Int32Array): void {
    while (this.next - this.oldest >= MAX_ACCEPTED) this.index.remove(String(this.oldest++));
    while (!this.index.put(String(this.next), text) && this.oldest < this.next)
      this.index.remove(String(this.oldest++));
    this.next++;
  }
}
