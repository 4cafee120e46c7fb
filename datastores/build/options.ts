/** What a build is asked for, and what it says of itself. */
import type { Judgement } from "../filters/index.ts";
import type { SourceDocument } from "../index.ts";
import type { Manifest, TokenizerEntry } from "./manifest.ts";
import type { BatchTokenizer } from "./tokenBuffer.ts";

/** One file of a source, or a folder: what is read by one and the same process. */
export interface BuildInput {
  readonly name: string;
  /** Changes whenever the content does. */
  readonly identity: string;
  /** Its size, where that is known before it is read. */
  readonly bytes: number | undefined;
  /**
   * @param onSkipped is called for each thing that is passed over before it is a document, with the reason; of what
   * is damaged with its name as well
   */
  documents(
    signal: AbortSignal,
    onBytes: (read: number) => void,
    onSkipped: (reason: string, damaged: string | undefined) => void,
  ): AsyncIterable<SourceDocument>;
}

/** Decides which documents are taken. */
export interface DocumentFilter {
  /** Names the filter with all its options. */
  readonly identity: string;
  /** The filter of one input, whose documents are asked about in their order. */
  forInput(): { judge(document: SourceDocument): Judgement };
}

export interface BuildProgress {
  readonly phase: "read" | "sort" | "write";
  readonly input: string;
  /** Inputs done, and of how many. */
  readonly inputsDone: number;
  readonly inputs: number;
  readonly documents: number;
  readonly tokens: number;
  /** Share of the whole work that is done, 0 to 1; undefined where sizes are not known. */
  readonly done: number | undefined;
  /** Milliseconds left at the rate so far. */
  readonly leftMs: number | undefined;
}

export interface BuildOptions {
  readonly directory: string;
  readonly name: string;
  /** The sources as they were asked for. */
  readonly sources: readonly string[];
  readonly inputs: readonly BuildInput[];
  readonly share: Manifest["share"];
  readonly filter: DocumentFilter;
  readonly tokenizer: BatchTokenizer;
  readonly tokenizerEntry: TokenizerEntry;
  /** What the tokens and the prefix array of the shard under construction may take. */
  readonly memoryBytes: number;
  readonly builder: string;
  readonly signal: AbortSignal;
  /** Milliseconds between looks at a share that another process builds; absent: a quarter of a minute. */
  readonly pollMs?: number;
  onProgress?(progress: BuildProgress): void;
  /** Is called once where another process is at work on the same share, which is waited for. */
  onWaiting?(who: string): void;
}
