/** Texts of files, tokenized in another thread and indexed. The latest text given for a file counts. */
import { LiveIndex } from "../../datastores/live/index.ts";
import { Pace } from "../../datastores/sources/index.ts";
import { messageOf } from "../system/index.ts";

/** About 100 MB, or half as much again where there is room for more. Files beyond it are not indexed. */
const MAX_TOKENS = 8_000_000;
/** Share of the room from which on hardly any file finds a place. */
const FULL = 0.99;
/** Most failing files that are reported by name: a tokenizer that does not start fails at all files. */
const REPORTED_FAILURES = 10;

/** Texts to tokens, away from the server's own thread. */
export interface Tokenizer {
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
}

export class TokenizedFiles {
  readonly index = new LiveIndex(MAX_TOKENS);
  /** Counts the changes of each file, so that a slow answer does not replace a newer one. */
  private readonly changes = new Map<string, number>();
  /** Files that could not be tokenized. */
  private failures = 0;

  /** @param warn writes to the log @param closing ends it: texts tokenized after that are not indexed */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly warn: (message: string) => void,
    private readonly closing: AbortSignal,
  ) {}

  /** Whether further files would be tokenized for nothing. */
  get isFull(): boolean {
    return this.index.liveTokens > FULL * MAX_TOKENS;
  }

  /** Removes a file, even while its text is being tokenized. */
  remove(path: string): void {
    // A file whose text was never given needs no count.
    if (this.changes.has(path)) this.count(path);
    this.index.remove(path);
  }

  /** Indexes files with their texts, in place of what they held. Resolves when they are searchable. */
  async put(paths: readonly string[], texts: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const changes = paths.map(path => this.count(path));
    const tokens = await this.tokenized(paths, texts);
    const pace = new Pace();
    for (const [i, path] of paths.entries()) {
      if (pace.isDue) await pace.breathe();
      const own = tokens[i];
      if (own && !this.closing.aborted && this.changes.get(path) === changes[i]) this.index.put(path, own);
    }
  }

  private count(path: string): number {
    const change = (this.changes.get(path) ?? 0) + 1;
    this.changes.set(path, change);
    return change;
  }

  /** The tokens of each text; undefined for one that the tokenizer fails at, which must not affect the others. */
  private async tokenized(
    paths: readonly string[],
    texts: readonly string[],
  ): Promise<readonly (Int32Array | undefined)[]> {
    try {
      return await this.tokenizer.tokenize(texts);
    } catch (error) {
      if (this.closing.aborted) return [];
      if (texts.length === 1) {
        if (this.failures++ < REPORTED_FAILURES) this.warn(`${paths[0]} is not indexed: ${messageOf(error)}`);
        return [];
      }
    }
    const each: (Int32Array | undefined)[] = [];
    for (const [i, text] of texts.entries()) each.push((await this.tokenized([paths[i] ?? ""], [text]))[0]);
    return each;
  }
}
