import type { LiveIndex } from "../../datastores/live/liveIndex.ts";
import type { Corpus } from "../speculate/corpus.ts";

const ROWS = 32;
const CONTINUATION = 16;

/** The workspace's files to draft from, without the one that is completed: that drafts for itself. */
export class LiveCorpus implements Corpus {
  matchLength = 0;
  count = 0;
  readonly continuation = CONTINUATION;
  readonly continuations = new Int32Array(ROWS * CONTINUATION);
  readonly matchLengths = new Uint8Array(ROWS);
  readonly weights = new Float32Array(ROWS).fill(1);

  constructor(
    private readonly index: LiveIndex,
    private readonly except: string,
  ) {}

  find(tokens: Int32Array, end: number): void {
    const { index, continuations, matchLengths } = this;
    index.find(tokens, end, this.except);
    const { count, lengths, nexts } = index.matches;
    this.count = Math.min(count, ROWS);
    this.matchLength = count > 0 ? (lengths[0] as number) : 0;
    for (let row = 0; row < this.count; row++) {
      matchLengths[row] = lengths[row] as number;
      const start = nexts[row] as number;
      const stop = Math.min(index.size, start + CONTINUATION);
      continuations.fill(-1, row * CONTINUATION, (row + 1) * CONTINUATION);
      for (let at = start; at < stop; at++) {
        const token = index.tokens[at] as number;
        if (token < 0) break;
        continuations[row * CONTINUATION + at - start] = token;
      }
    }
  }
}
