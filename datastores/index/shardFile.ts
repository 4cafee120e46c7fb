/** The open file of a shard: the positions of its sections, and reads whose errors name the file. */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { codeOf, messageOf } from "../index.ts";
import {
  decodeHeader,
  HEADER_BYTES,
  type SectionName,
  type ShardHeader,
  type ShardMetadata,
  sameBytes,
  sha256,
  shardProblem,
} from "./format.ts";

/** Bytes per read; `read` takes no more than 2 GiB. */
const READ_BYTES = 1 << 26;
/** Bytes hashed at a time. */
const HASHED_BYTES = 1 << 22;
const NO_FILE = -1;

/**
 * Owns the file descriptor of a shard. `FORMAT.md` describes the layout that `header` refers to: sections at multiples of 4096
 * bytes, each an array of little-endian integers or, for documents and metadata, of UTF-8 text. All methods that read throw a
 * `StoreError` if the file was cut short, its medium is gone, or it was closed.
 */
export class ShardFile {
  readonly header: ShardHeader;
  readonly metadata: ShardMetadata;
  private file: number;

  /** Opens a file and reads its header. Throws a `StoreError` if it is missing, foreign or damaged there. */
  constructor(readonly path: string) {
    this.file = open(path);
    try {
      const size = this.size();
      const head = new Uint8Array(Math.min(size, HEADER_BYTES));
      this.read(head, 0, head.length, 0);
      this.header = decodeHeader(head, size, path);
      const text = this.section("metadata");
      if (!sameBytes(sha256(text), this.header.sections.metadata.sha256))
        throw this.damaged("the checksum of its metadata does not match");
      this.metadata = JSON.parse(new TextDecoder().decode(text)) as ShardMetadata;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads `length` bytes from byte `offset` of the file on to `into[at...]`. */
  read(into: Uint8Array, at: number, length: number, offset: number): void {
    let done = 0;
    while (done < length) {
      let count = 0;
      try {
        count = readSync(this.file, into, at + done, length - done, offset + done);
      } catch (error) {
        throw this.unreadable(error);
      }
      if (count === 0) throw shardProblem("corrupt", `${this.path} was cut short while it was in use.`);
      done += count;
    }
  }

  /** A whole section in a new ArrayBuffer. */
  section(name: SectionName): Uint8Array<ArrayBuffer> {
    const { offset, length } = this.header.sections[name];
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += READ_BYTES)
      this.read(bytes, at, Math.min(READ_BYTES, length - at), offset + at);
    return bytes;
  }

  /** A whole section of stored tokens: dictionary numbers in two bytes, or ids in four. */
  tokens(name: "tokens" | "sampleKeys"): Uint16Array | Uint32Array {
    const { buffer } = this.section(name);
    return this.header.tokenBytes === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
  }

  /** The SHA-256 of a section as it is in the file, computed in constant memory. */
  checksum(name: SectionName): Uint8Array {
    const { offset, length } = this.header.sections[name];
    const hash = createHash("sha256");
    const chunk = new Uint8Array(Math.min(length, HASHED_BYTES));
    for (let at = 0; at < length; at += HASHED_BYTES) {
      const count = Math.min(HASHED_BYTES, length - at);
      this.read(chunk, 0, count, offset + at);
      hash.update(chunk.subarray(0, count));
    }
    return hash.digest();
  }

  /** The error for impossible content of the file. @param how a clause that follows a colon */
  damaged(how: string) {
    return shardProblem("corrupt", `${this.path} is damaged: ${how}.`);
  }

  /** Closes the file. Later reads throw: the descriptor may soon be another file's. */
  close(): void {
    if (this.file !== NO_FILE) closeSync(this.file);
    this.file = NO_FILE;
  }

  private size(): number {
    try {
      return fstatSync(this.file).size;
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  private unreadable(error: unknown) {
    return shardProblem("unreadable", `${this.path} cannot be read: ${messageOf(error)}.`, error);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const missing = codeOf(error) === "ENOENT";
    throw shardProblem(
      missing ? "missing" : "unreadable",
      missing ? `There is no ${path}.` : `${path} cannot be opened: ${messageOf(error)}.`,
      error,
    );
  }
}
