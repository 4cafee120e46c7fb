/**
 * Drafts from short texts that are searched completely at every step: the text after the cursor, and text that was just
 * suggested, deleted or undone.
 */
import { MatchList } from "../../../datastores/live/index.ts";
import { type Ending, Evidence } from "../evidence.ts";
import { healOrSearchAgain } from "../healing.ts";
import type { TokenHistory } from "../history.ts";
import { scan } from "../scan.ts";
import type { DraftSource, Offers, SourceName } from "../source.ts";
import type { TokenTexts } from "../tokenTexts.ts";

const ROWS = 8;
const WIDTH = 63;
/** One token in common says nothing in so small a text. */
const SHORTEST_MATCH = 2;

/** Texts as tokens, one after the other, each closed by a negative token; the most recent last. */
export interface NearbyTexts {
  readonly tokens: Int32Array;
  readonly size: number;
}

export class NearbySource implements DraftSource {
  private readonly evidence: Evidence;
  private readonly places = new MatchList(ROWS);

  constructor(
    readonly name: Extract<SourceName, "ahead" | "recent">,
    private readonly nearby: NearbyTexts,
    private readonly texts?: TokenTexts,
    ending?: Ending,
  ) {
    this.evidence = new Evidence(ROWS, WIDTH, ending);
  }

  search(history: TokenHistory): void {
    const { evidence, texts } = this;
    this.take(history.tokens, history.size);
    healOrSearchAgain(evidence, history, texts, whole => this.take(whole, whole.length));
    evidence.ready();
  }

  private take(context: Int32Array, end: number): void {
    const { evidence, nearby, places } = this;
    evidence.clear();
    scan(nearby, context, end, SHORTEST_MATCH, places);
    for (let i = 0; i < places.count; i++) {
      const row = evidence.add(nearby.tokens, places.nexts[i], nearby.size, places.lengths[i], 1);
      if (row >= 0) evidence.recencies[row] = places.nexts[i] / nearby.size;
    }
  }

  children(cursor: number, _path: number, offers: Offers): void {
    this.evidence.children(cursor, offers);
  }
}
