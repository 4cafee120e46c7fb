import { readSync } from "node:fs";
import { messageOf } from "../document.ts";
import type { TokenKeys } from "./dictionary.ts";
import { type ShardHeader, shardProblem } from "./format.ts";
import type { ShardData } from "./shardData.ts";

/** Positions read at once where one is asked for: a block between two samples. */
const BLOCK = 128;
/** Blocks kept; a search works at the two ends of a range. */
const BLOCKS = 4;
const NO_BLOCK = -1;
const NO_FILE = -1;
/** Tokens read at once at most. */
const CHUNK_TOKENS = 1024;

/**
 * Reads `length` bytes at an offset of an open file to `into[at...]`. Throws a `StoreError` for a file that was cut short,
 * whose medium went away, or that was closed.
 */
export function readAt(
  file: number,
  into: Uint8Array,
  at: number,
  length: number,
  offset: number,
  path: string,
): void {
  let done = 0;
  while (done < length) {
    let count = 0;
    try {
      count = readSync(file, into, at + done, length - done, offset + done);
    } catch (error) {
      throw shardProblem("unreadable", `${path} cannot be read: ${messageOf(error)}.`, error);
    }
    if (count === 0) throw shardProblem("corrupt", `${path} was cut short while it was in use.`);
    done += count;
  }
}

/** A shard in its file; a search reads what it needs through small buffers that are used again and again. */
export class FileData implements ShardData {
  readonly tokens: number;
  readonly entries: number;
  differing = 0;
  private readonly mask: number;
  private readonly tokenBytes: number;
  private readonly tokensOffset: number;
  private readonly positionsOffset: number;
  private readonly chunk: Uint16Array | Uint32Array;
  private readonly chunkBytes: Uint8Array;
  private readonly blocks = new Uint32Array(BLOCK * BLOCKS);
  private readonly blockBytes = new Uint8Array(this.blocks.buffer);
  private readonly blockNumbers = new Float64Array(BLOCKS).fill(NO_BLOCK);
  /** Where positions were read to last, and the same as bytes. */
  private target: Uint32Array = new Uint32Array(0);
  private targetBytes: Uint8Array = new Uint8Array(0);
  private file: number;

  /** @param file an open file; who opened it closes it */
  constructor(
    file: number,
    header: ShardHeader,
    private readonly keys: TokenKeys,
    private readonly path: string,
  ) {
    this.file = file;
    this.tokens = header.tokens;
    this.entries = header.entries;
    this.tokenBytes = header.tokenBytes;
    this.tokensOffset = header.sections.tokens.offset;
    this.positionsOffset = header.sections.positions.offset;
    this.chunk = header.tokenBytes === 2 ? new Uint16Array(CHUNK_TOKENS) : new Uint32Array(CHUNK_TOKENS);
    this.chunkBytes = new Uint8Array(this.chunk.buffer);
    this.mask = header.tokenBytes === 2 ? 0xffff : -1;
  }

  get residentBytes(): number {
    return this.chunk.byteLength + this.blocks.byteLength;
  }

  position(entry: number): number {
    const number = Math.floor(entry / BLOCK);
    const slot = number % BLOCKS;
    if (this.blockNumbers[slot] !== number) {
      this.blockNumbers[slot] = NO_BLOCK;
      const first = number * BLOCK;
      const bytes = 4 * Math.min(BLOCK, this.entries - first);
      readAt(
        this.file,
        this.blockBytes,
        slot * BLOCK * 4,
        bytes,
        this.positionsOffset + 4 * first,
        this.path,
      );
      this.blockNumbers[slot] = number;
    }
    return this.blocks[slot * BLOCK + (entry % BLOCK)];
  }

  readPositions(first: number, count: number, into: Uint32Array): void {
    if (this.target !== into) {
      this.target = into;
      this.targetBytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    }
    readAt(this.file, this.targetBytes, 0, 4 * count, this.positionsOffset + 4 * first, this.path);
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

  close(): void {
    this.file = NO_FILE;
  }

  /** Reads stored tokens into `chunk`; returns how many there are, which at the stream's end may be fewer. */
  private readChunk(start: number, wanted: number): number {
    const count = Math.min(wanted, this.tokens - start);
    if (count <= 0) return 0;
    const offset = this.tokensOffset + start * this.tokenBytes;
    readAt(this.file, this.chunkBytes, 0, count * this.tokenBytes, offset, this.path);
    return count;
  }
}
