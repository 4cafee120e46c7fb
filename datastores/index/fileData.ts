/** A shard that stays in its file: a search reads what it needs, some tokens or a block of positions at a time. */
import type { TokenKeys } from "./dictionary.ts";
import type { ShardData } from "./shardData.ts";
import type { ShardFile } from "./shardFile.ts";

/** Positions read together if one is requested: a block between two samples. */
const BLOCK = 128;
/** Cached blocks; a search works at the two ends of a range. */
const BLOCKS = 4;
const NO_BLOCK = -1;
/** Size of a position in bytes. */
const POSITION_BYTES = 4;
/** Most tokens read at once. */
const CHUNK_TOKENS = 1024;

/** The prefix array in the file; the blocks read last are kept. */
class PositionFile {
  readonly count: number;
  private readonly offset: number;
  private readonly blocks = new Uint32Array(BLOCK * BLOCKS);
  private readonly blockBytes = new Uint8Array(this.blocks.buffer);
  /** Block number of each cached block. Not an Int32Array, since `NO_BLOCK` and all 32-bit numbers must fit. */
  private readonly numbers = new Float64Array(BLOCKS).fill(NO_BLOCK);
  /** Target array of the last copy, and its view as bytes: a new view for each search would be garbage. */
  private target: Uint32Array = new Uint32Array(0);
  private targetBytes: Uint8Array = new Uint8Array(0);

  constructor(private readonly file: ShardFile) {
    this.count = file.header.entries;
    this.offset = file.header.sections.positions.offset;
  }

  get residentBytes(): number {
    return this.blocks.byteLength;
  }

  at(entry: number): number {
    const number = Math.floor(entry / BLOCK);
    const slot = number % BLOCKS;
    if (this.numbers[slot] !== number) {
      // After a failed read no half-read block may keep its number.
      this.numbers[slot] = NO_BLOCK;
      const first = number * BLOCK;
      const bytes = POSITION_BYTES * Math.min(BLOCK, this.count - first);
      const offset = this.offset + POSITION_BYTES * first;
      this.file.read(this.blockBytes, slot * BLOCK * POSITION_BYTES, bytes, offset);
      this.numbers[slot] = number;
    }
    return this.blocks[slot * BLOCK + (entry % BLOCK)];
  }

  copy(first: number, count: number, into: Uint32Array): void {
    if (this.target !== into) {
      this.target = into;
      this.targetBytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    }
    this.file.read(this.targetBytes, 0, POSITION_BYTES * count, this.offset + POSITION_BYTES * first);
  }
}

export class FileData implements ShardData {
  readonly tokens: number;
  readonly entries: number;
  differing = 0;
  private readonly positions: PositionFile;
  /** Adding one and masking with this turns a stored token into its key, and the separator into 0. */
  private readonly mask: number;
  private readonly tokensOffset: number;
  private readonly chunk: Uint16Array | Uint32Array;
  private readonly chunkBytes: Uint8Array;

  constructor(
    private readonly file: ShardFile,
    private readonly keys: TokenKeys,
  ) {
    const { tokens, entries, tokenBytes, sections } = file.header;
    this.tokens = tokens;
    this.entries = entries;
    this.positions = new PositionFile(file);
    this.tokensOffset = sections.tokens.offset;
    this.chunk = tokenBytes === 2 ? new Uint16Array(CHUNK_TOKENS) : new Uint32Array(CHUNK_TOKENS);
    this.chunkBytes = new Uint8Array(this.chunk.buffer);
    this.mask = tokenBytes === 2 ? 0xffff : -1;
  }

  get residentBytes(): number {
    return this.chunk.byteLength + this.positions.residentBytes;
  }

  position(entry: number): number {
    return this.positions.at(entry);
  }

  readPositions(first: number, count: number, into: Uint32Array): void {
    this.positions.copy(first, count, into);
  }

  readKeys(start: number, count: number, into: Uint32Array): void {
    const { chunk, mask } = this;
    for (let done = 0; done < count; ) {
      const wanted = Math.min(CHUNK_TOKENS, count - done);
      const read = this.readChunk(start + done, wanted);
      for (let i = 0; i < wanted; i++) into[done + i] = i < read ? (chunk[i] + 1) & mask : 0;
      done += wanted;
    }
  }

  commonLength(position: number, keys: Int32Array, from: number, length: number): number {
    const { chunk, mask } = this;
    const start = Math.max(0, position - length);
    const count = this.readChunk(start, position - from - start);
    let common = from;
    while (common < length) {
      const at = position - 1 - common - start;
      const key = at < 0 || at >= count ? 0 : (chunk[at] + 1) & mask;
      if (key !== keys[common]) {
        this.differing = key;
        return common;
      }
      common++;
    }
    return length;
  }

  readFollowing(position: number, count: number, into: Int32Array, at: number): void {
    const { chunk, mask, keys } = this;
    const read = this.readChunk(position, Math.min(count, CHUNK_TOKENS));
    let i = 0;
    while (i < read) {
      const token = keys.tokenOf((chunk[i] + 1) & mask);
      if (token < 0) break;
      into[at + i++] = token;
    }
    into.fill(-1, at + i, at + count);
  }

  /** Reads stored tokens into `chunk`; returns their number, which may be smaller at the stream's end. */
  private readChunk(start: number, wanted: number): number {
    const count = Math.min(wanted, this.tokens - start);
    if (count <= 0) return 0;
    const bytes = this.chunk.BYTES_PER_ELEMENT;
    this.file.read(this.chunkBytes, 0, count * bytes, this.tokensOffset + start * bytes);
    return count;
  }
}
