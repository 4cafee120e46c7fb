import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DocumentEntry, type ShardMetadata, writeShard } from "../index/index.ts";
import type { Clock } from "./clock.ts";
import { inFolder } from "./inFolder.ts";
import type { ShardEntry } from "./manifest.ts";
import type { BuildInput, BuildOptions } from "./options.ts";
import { shardName } from "./ownFiles.ts";
import { sketchesFile, writeSketches } from "./sketches.ts";
import { type Taken, TokenBuffer } from "./tokenBuffer.ts";

/** Memory for a token and its entry in the prefix array, including what growing an array takes temporarily. */
const BYTES_A_TOKEN = 12;
/** Memory for a document beside its tokens: its entry, the names in it, and its sketch. */
const BYTES_A_DOCUMENT = 1100;
/** Smallest memory limit used to bound the number of documents: the least that users may choose. */
const LEAST_BYTES = 16_000_000;
/** Smaller shards each cost a search without any gain, however little memory there is. */
const MIN_SHARD_TOKENS = 1 << 16;
/** Longer arrays of 4-byte numbers are not possible in Node. */
const MAX_SHARD_TOKENS = 2 ** 30 - 1;

/** The shard under construction. */
export class ShardBuilder {
  private readonly tokens: TokenBuffer;
  private documents: DocumentEntry[] = [];
  private sketches: Uint8Array[] = [];
  private textBytes = 0;

  constructor(
    private readonly input: BuildInput,
    private readonly key: string,
    private readonly options: BuildOptions,
    private readonly clock: Clock,
  ) {
    this.tokens = new TokenBuffer(
      Math.min(MAX_SHARD_TOKENS, Math.max(MIN_SHARD_TOKENS, Math.floor(options.memoryBytes / BYTES_A_TOKEN))),
    );
  }

  hasRoom(tokens: Int32Array): boolean {
    if (this.tokens.length === 0) return true;
    const count = tokens.length + 1;
    const bytes =
      BYTES_A_TOKEN * (this.tokens.length + count) + BYTES_A_DOCUMENT * (this.documents.length + 1);
    return this.tokens.hasRoom(count) && bytes <= Math.max(LEAST_BYTES, this.options.memoryBytes);
  }

  add({ document, sketch }: Taken, tokens: Int32Array): void {
    const { text, origin, licences, repositories, contentId } = document;
    if (this.tokens.length > 0) this.tokens.append(SEPARATOR);
    const start = this.tokens.length;
    this.tokens.append(tokens);
    this.documents.push({ start, length: tokens.length, origin, licences, repositories, contentId });
    this.sketches.push(sketch);
    this.textBytes += Buffer.byteLength(text);
  }

  /** Writes the current content as a shard, and begins the next; undefined if there is none. Throws a `StoreError`. */
  async write(part: number): Promise<ShardEntry | undefined> {
    const { documents, textBytes, options, input } = this;
    if (documents.length === 0) return undefined;
    const file = shardName(this.key, part);
    const metadata = {
      tokenizer: options.tokenizerEntry.fingerprint,
      vocabularySize: options.tokenizerEntry.vocabularySize,
      textBytes,
      source: { input: input.name, sources: options.sources },
      created: new Date().toISOString(),
      builder: options.builder,
    };
    const { bytes, tokens } = await this.writeFiles(file, metadata);
    this.tokens.clear();
    this.documents = [];
    this.sketches = [];
    this.textBytes = 0;
    return { file, tokens, documents: documents.length, bytes, textBytes };
  }

  /** Writes the sketches and then the shard, so that no shard is ever without sketches. */
  private async writeFiles(
    file: string,
    metadata: ShardMetadata,
  ): Promise<{ bytes: number; tokens: number }> {
    const { documents, sketches, options } = this;
    const { directory, signal } = options;
    inFolder(directory, () => writeSketches(directory, file, sketches));
    const path = join(directory, file);
    try {
      return await writeShard(
        path,
        { tokens: this.tokens.view(), documents, metadata },
        { signal, onProgress: ({ phase }) => this.clock.phase(phase) },
      );
    } catch (error) {
      // An earlier build's shard of that name still needs its sketches, which are the same.
      if (!existsSync(path)) rmSync(join(directory, sketchesFile(file)), { force: true });
      throw error;
    }
  }
}

const SEPARATOR = Int32Array.of(-1);
