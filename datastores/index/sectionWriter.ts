/** Writes a shard section by section, with checksums, through a buffer of limited size. */
import { createHash, type Hash } from "node:crypto";
import { writeSync } from "node:fs";
import {
  ALIGNMENT,
  encodeHeader,
  HEADER_BYTES,
  type Section,
  type SectionName,
  type ShardHeader,
} from "./format.ts";

const aligned = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
/** Short texts are buffered up to this size. */
const GATHERED_BYTES = 1 << 16;

/** Writes the sections of a shard one after the other, and finally the header. */
export class SectionWriter {
  private name: SectionName = "metadata";
  private offset = 0;
  /** Bytes of the section that are in the file already. */
  private written = 0;
  private fileEnd = HEADER_BYTES;
  private hash: Hash = createHash("sha256");
  private readonly sections = {} as Record<SectionName, Section>;
  private readonly gathered = Buffer.alloc(GATHERED_BYTES);
  private gatheredBytes = 0;

  /** @param file a file open for writing */
  constructor(private readonly file: number) {}

  /** Bytes of the current section so far. */
  get length(): number {
    return this.written + this.gatheredBytes;
  }

  begin(name: SectionName): this {
    this.name = name;
    this.offset = aligned(this.fileEnd);
    this.written = 0;
    this.hash = createHash("sha256");
    return this;
  }

  numbers(values: Uint16Array | Uint32Array | BigUint64Array): this {
    this.flush();
    this.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return this;
  }

  text(text: string): this {
    const bytes = Buffer.from(text);
    if (this.gatheredBytes + bytes.length > GATHERED_BYTES) this.flush();
    if (bytes.length > GATHERED_BYTES) this.write(bytes);
    else {
      bytes.copy(this.gathered, this.gatheredBytes);
      this.gatheredBytes += bytes.length;
    }
    return this;
  }

  end(): this {
    this.flush();
    this.fileEnd = this.offset + this.written;
    this.sections[this.name] = { offset: this.offset, length: this.written, sha256: this.hash.digest() };
    return this;
  }

  /** Writes the header; returns the size of the file. */
  finish(header: Omit<ShardHeader, "sections">): number {
    this.writeAt(encodeHeader({ ...header, sections: this.sections }), 0);
    return this.fileEnd;
  }

  private flush(): void {
    if (this.gatheredBytes === 0) return;
    const bytes = this.gathered.subarray(0, this.gatheredBytes);
    this.gatheredBytes = 0;
    this.write(bytes);
  }

  private write(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.writeAt(bytes, this.offset + this.written);
    this.written += bytes.length;
  }

  private writeAt(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.file, bytes, done, bytes.length - done, offset + done);
  }
}
