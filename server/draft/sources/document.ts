/**
 * Drafts from the document itself: the text before the cursor and what has been generated, in a dynamic suffix
 * automaton (SAM-Decoding, arXiv 2411.10666, section 3), each suffix that occurred before at its most recent place.
 */
import { MatchList } from "../../../datastores/live/index.ts";
import { SuffixAutomaton } from "../automaton.ts";
import { type Ending, Evidence } from "../evidence.ts";
import { healOrSearchAgain } from "../healing.ts";
import type { TokenHistory } from "../history.ts";
import { scan } from "../scan.ts";
import type { DraftSource, Offers } from "../source.ts";
import type { TokenTexts } from "../tokenTexts.ts";

const ROWS = 24;
const WIDTH = 63;
/** Distance, in tokens, at which evidence counts half as recent. */
const HALF_RECENT_TOKENS = 256;

export class DocumentSource implements DraftSource {
  readonly name = "document";
  private readonly automaton: SuffixAutomaton;
  private readonly evidence: Evidence;
  private readonly places = new MatchList(ROWS);

  constructor(
    expectedTokens: number,
    private readonly texts?: TokenTexts,
    ending?: Ending,
  ) {
    this.automaton = new SuffixAutomaton(expectedTokens + 256);
    this.evidence = new Evidence(ROWS, WIDTH, ending);
  }

  prepare({ tokens, size }: TokenHistory): void {
    const { automaton } = this;
    while (automaton.size < size) automaton.extend(tokens[automaton.size]);
  }

  search(history: TokenHistory): void {
    const { evidence } = this;
    this.prepare(history);
    evidence.clear();
    if (history.held.length > 0 && this.texts) this.searchWord(history, this.texts);
    else this.addMatches();
    evidence.ready();
  }

  children(cursor: number, _path: number, offers: Offers): void {
    this.evidence.children(cursor, offers);
  }

  private addMatches(): void {
    const { matches, tokens, size } = this.automaton;
    for (let i = 0; i < matches.count; i++) {
      // A shorter suffix that last occurred where a longer one did says nothing new.
      const known = i > 0 && matches.nexts[i] === matches.nexts[i - 1];
      if (!known) this.add(tokens, matches.nexts[i], size, matches.lengths[i], matches.counts[i]);
    }
  }

  private add(tokens: Int32Array, next: number, size: number, length: number, count: number): void {
    const row = this.evidence.add(tokens, next, size, length, count);
    if (row >= 0) this.evidence.recencies[row] = 1 / (1 + (size - next) / HALF_RECENT_TOKENS);
  }

  /**
   * Searches every word of the document for the letters of the one held back, the most recent first: the automaton only knows
   * whole tokens. Asked at the first steps of a completion, if at all.
   */
  private searchWord(history: TokenHistory, texts: TokenTexts): void {
    const { tokens, size } = this.automaton;
    const { evidence, places } = this;
    const { held } = history;
    const { vocabulary } = texts;
    for (let next = size - 1; next >= 0 && evidence.rows < ROWS; next--) {
      const bytes = vocabulary.bytes(tokens[next]);
      if (bytes.length === 0 || bytes[0] !== held[0] || !agrees(bytes, held)) continue;
      let length = 0;
      while (length < next && length < WIDTH && tokens[next - 1 - length] === tokens[size - 1 - length])
        length++;
      this.add(tokens, next, size, length, 1);
    }
    healOrSearchAgain(evidence, history, texts, whole => {
      scan(this.automaton, whole, whole.length, 1, places);
      for (let i = 0; i < places.count; i++) this.add(tokens, places.nexts[i], size, places.lengths[i], 1);
    });
  }
}

function agrees(a: Uint8Array, b: Uint8Array): boolean {
  const count = Math.min(a.length, b.length);
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false;
  return true;
}
