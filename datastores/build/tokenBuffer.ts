import type { SourceDocument } from "../index.ts";

/** Tokenizes texts, several batches at a time. */
export interface BatchTokenizer {
  /** Useful number of batches under way at once. */
  readonly parallel: number;
  /** Tokens of each text, in order. */
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
}

/** Enough text for a batch that sending it to another thread and back costs little in comparison. */
const BATCH_CHARACTERS = 512 * 1024;
const BATCH_DOCUMENTS = 128;

/** An accepted document with its sketch. */
export interface Taken {
  readonly document: SourceDocument;
  readonly sketch: Uint8Array;
}

interface Tokenized {
  readonly taken: Taken;
  readonly tokens: Int32Array;
}

/**
 * Tokenizes a stream of documents, batch by batch and several batches at once. Documents come out in the
 * order in which they went in, whatever the threads do.
 */
export async function* tokenizeAll(
  documents: AsyncIterable<Taken>,
  tokenizer: BatchTokenizer,
): AsyncGenerator<Tokenized> {
  const underWay: Promise<Tokenized[]>[] = [];
  const send = (batch: readonly Taken[]) => {
    const tokenized = tokenizer
      .tokenize(batch.map(({ document }) => document.text))
      .then(all => all.map((tokens, i) => ({ taken: batch[i], tokens })));
    // Whoever awaits it later sees the error; until then it must not count as unhandled.
    tokenized.catch(() => {});
    underWay.push(tokenized);
  };
  let batch: Taken[] = [];
  let characters = 0;
  for await (const taken of documents) {
    batch.push(taken);
    characters += taken.document.text.length;
    if (characters < BATCH_CHARACTERS && batch.length < BATCH_DOCUMENTS) continue;
    send(batch);
    batch = [];
    characters = 0;
    while (underWay.length >= tokenizer.parallel + 1) yield* (await underWay.shift()) ?? [];
  }
  if (batch.length > 0) send(batch);
  for (const tokenized of underWay) yield* await tokenized;
}

/** Tokens in one growing array of limited length. */
export class TokenBuffer {
  length = 0;
  private array: Uint32Array;

  constructor(private readonly most: number) {
    this.array = new Uint32Array(Math.min(most, 1 << 20));
  }

  /** Whether there is room for this many more tokens. */
  hasRoom(count: number): boolean {
    return this.length + count <= this.most;
  }

  append(tokens: Int32Array): void {
    const needed = this.length + tokens.length;
    if (needed > this.array.length) {
      const larger = new Uint32Array(Math.max(needed, Math.min(this.most, this.array.length * 2)));
      larger.set(this.array.subarray(0, this.length));
      this.array = larger;
    }
    this.array.set(tokens, this.length);
    this.length = needed;
  }

  /** The tokens so far: a view, valid until the next `append`. */
  view(): Uint32Array {
    return this.array.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
