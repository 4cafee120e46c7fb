/** Options and progress reports of a build. */
import type { Judgement } from "../filters/index.ts";
import type { SourceDocument } from "../index.ts";
import type { Manifest, TokenizerEntry } from "./manifest.ts";
import type { BatchTokenizer } from "./tokenBuffer.ts";

/** One file of a source, or a folder, which a single process reads. */
export interface BuildInput {
  readonly name: string;
  /** Changes whenever the content does. */
  readonly identity: string;
  /** Its size, if it is known before reading. */
  readonly bytes: number | undefined;
  /**
   * @param onSkipped called for each part that is skipped before it becomes a document, with the reason, and for damaged
   * parts with the name as well
   */
  documents(
    signal: AbortSignal,
    onBytes: (read: number) => void,
    onSkipped: (reason: string, damaged: string | undefined) => void,
  ): AsyncIterable<SourceDocument>;
}

/** Decides which documents are accepted. */
export interface DocumentFilter {
  /** Names the filter with all its options. */
  readonly identity: string;
  /** The filter of one input, which judges the documents in their order. */
  forInput(): { judge(document: SourceDocument): Judgement };
}

export interface BuildProgress {
  readonly phase: "read" | "sort" | "write";
  readonly input: string;
  /** Finished inputs, and the number of all. */
  readonly inputsDone: number;
  readonly inputs: number;
  readonly documents: number;
  readonly tokens: number;
  /** Share of the whole work that is done, 0 to 1; undefined if sizes are unknown. */
  readonly done: number | undefined;
  /** Milliseconds left at the rate so far. */
  readonly leftMs: number | undefined;
}

export interface BuildOptions {
  readonly directory: string;
  readonly name: string;
  /** The sources as the user gave them. */
  readonly sources: readonly string[];
  readonly inputs: readonly BuildInput[];
  readonly share: Manifest["share"];
  readonly filter: DocumentFilter;
  readonly tokenizer: BatchTokenizer;
  readonly tokenizerEntry: TokenizerEntry;
  /** Memory limit for the tokens and the prefix array of the shard under construction. */
  readonly memoryBytes: number;
  readonly builder: string;
  readonly signal: AbortSignal;
  /** Milliseconds between checks of a share that another process builds; absent: a quarter of a minute. */
  readonly pollMs?: number;
  onProgress?(progress: BuildProgress): void;
  /** Called once if another process works on the same share, and this build waits for it. */
  onWaiting?(who: string): void;
}
