/** The index of files under edit as a corpus to draft from, each occurrence with how near and how recent its file is. */
import type { LiveIndex } from "../../../datastores/live/index.ts";
import { copyContinuation } from "../continuation.ts";
import type { Corpus } from "./corpus.ts";

/** Occurrences that are drafted from, and tokens of what follows each; more make no larger trees. */
const ROWS = 32;
const CONTINUATION = 24;

interface LiveCorpusOptions {
  /** A file whose text does not count: the one that is completed drafts for itself. */
  readonly except?: string;
  /** How near, and how recent, a file is: 1 nearest and newest, falling to 0. */
  readonly nearness?: (file: string) => number;
  readonly recency?: (file: string) => number;
}

/** Texts that change under one's hands, to draft from. */
export class LiveCorpus implements Corpus {
  count = 0;
  readonly continuation = CONTINUATION;
  readonly continuations = new Int32Array(ROWS * CONTINUATION);
  readonly matchLengths = new Uint8Array(ROWS);
  readonly weights = new Float32Array(ROWS).fill(1);
  readonly nearnesses = new Float32Array(ROWS);
  readonly recencies = new Float32Array(ROWS);

  constructor(
    private readonly index: LiveIndex,
    private readonly options: LiveCorpusOptions,
  ) {}

  find(tokens: Int32Array, end: number): void {
    const { index, continuations, matchLengths, options } = this;
    index.find(tokens, end, options.except);
    const { count, lengths, nexts } = index.matches;
    this.count = Math.min(count, ROWS);
    for (let row = 0; row < this.count; row++) {
      matchLengths[row] = lengths[row];
      this.describe(row, nexts[row]);
      const at = row * CONTINUATION;
      copyContinuation(index.tokens, nexts[row], index.size, continuations, at, CONTINUATION);
    }
  }

  private describe(row: number, position: number): void {
    const { nearness, recency } = this.options;
    if (!nearness && !recency) return;
    const file = this.index.fileAt(position);
    this.nearnesses[row] = file === undefined || !nearness ? 0 : nearness(file);
    this.recencies[row] = file === undefined || !recency ? 0 : recency(file);
  }
}
