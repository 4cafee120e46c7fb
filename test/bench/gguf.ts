/**
 * GGUF version 3, read and written: the container of llama.cpp's models. A file is a header (key-value
 * metadata, then name, shape, type and place of every tensor) and the tensors' bytes.
 * Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * The writer needs no more memory than one chunk of a tensor, whatever the size of the model.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";

const MAGIC = 0x46554747; // "GGUF", little-endian
const VERSION = 3;
/** Tensors begin at multiples of this many bytes, unless `general.alignment` says otherwise. */
const ALIGNMENT = 32;
/** Bytes of a tensor that are filled and written at once, roughly. */
const CHUNK_BYTES = 1 << 22;

/** ggml's numbers of the types metadata can have. */
const TYPE = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

/** A metadata value with the type it is stored as. */
export type Metadatum =
  | { readonly type: "u32" | "i32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "i32s"; readonly value: readonly number[] };

/** How ggml stores the numbers of a tensor: `blockValues` numbers in each `blockBytes` bytes. */
export interface TensorFormat {
  /** ggml's number of the type. */
  readonly ggmlType: number;
  readonly blockValues: number;
  readonly blockBytes: number;
}

/** A tensor to be written. */
export interface TensorPlan {
  readonly name: string;
  /** ggml's order: the first dimension is the one that is contiguous (the length of a row). */
  readonly shape: readonly number[];
  readonly format: TensorFormat;
  /** Fills the next whole blocks of the tensor; called with consecutive chunks, all of `chunk` is to be set. */
  readonly fill: (chunk: Uint8Array) => void;
}

/** A metadata value as it is read. 64-bit integers come as numbers, exact up to 2^53. */
export type Value = number | boolean | string | Value[];

export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly ggmlType: number;
  /** From the start of the file, in bytes. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, Value>;
  readonly tensors: readonly TensorInfo[];
}

const aligned = (bytes: number, alignment: number) => Math.ceil(bytes / alignment) * alignment;

/** Size of a tensor in the file, in bytes, without padding. */
export function tensorBytes({ name, shape, format }: Omit<TensorPlan, "fill">): number {
  const [row = 1] = shape;
  if (row % format.blockValues !== 0)
    throw new RangeError(`${name} has rows of ${row}, not a multiple of ${format.blockValues}`);
  return (shape.reduce((product, size) => product * size, 1) / format.blockValues) * format.blockBytes;
}

/** Header fields one after the other, in a buffer that grows. */
class HeaderWriter {
  private buffer = Buffer.alloc(1 << 20);
  private length = 0;

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
  u32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeUInt32LE(value, at);
  }
  i32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeInt32LE(value, at);
  }
  f32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeFloatLE(value, at);
  }
  u64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeBigUInt64LE(BigInt(value), at);
  }
  string(text: string): void {
    const size = Buffer.byteLength(text);
    this.u64(size);
    const at = this.reserve(size);
    this.buffer.write(text, at, "utf8");
  }
  metadatum(item: Metadatum): void {
    switch (item.type) {
      case "u32":
      case "i32":
      case "f32":
        this.u32(TYPE[item.type]);
        this[item.type](item.value);
        return;
      case "bool":
        this.u32(TYPE.bool);
        this.buffer.writeUInt8(item.value ? 1 : 0, this.reserve(1));
        return;
      case "string":
        this.u32(TYPE.string);
        this.string(item.value);
        return;
      case "strings":
        this.arrayOf(TYPE.string, item.value.length);
        for (const text of item.value) this.string(text);
        return;
      case "i32s":
        this.arrayOf(TYPE.i32, item.value.length);
        for (const value of item.value) this.i32(value);
    }
  }

  private arrayOf(type: number, length: number): void {
    this.u32(TYPE.array);
    this.u32(type);
    this.u64(length);
  }
  /** Offset of `size` new bytes. */
  private reserve(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(2 * this.buffer.length, this.length));
      this.buffer.copy(larger);
      this.buffer = larger;
    }
    return at;
  }
}

function header(metadata: ReadonlyMap<string, Metadatum>, tensors: readonly TensorPlan[]): Buffer {
  const writer = new HeaderWriter();
  writer.u32(MAGIC);
  writer.u32(VERSION);
  writer.u64(tensors.length);
  writer.u64(metadata.size);
  for (const [key, item] of metadata) {
    writer.string(key);
    writer.metadatum(item);
  }
  let offset = 0;
  for (const tensor of tensors) {
    writer.string(tensor.name);
    writer.u32(tensor.shape.length);
    for (const size of tensor.shape) writer.u64(size);
    writer.u32(tensor.format.ggmlType);
    writer.u64(offset);
    offset += aligned(tensorBytes(tensor), ALIGNMENT);
  }
  return writer.bytes();
}

/** Writes a whole file, tensor by tensor and chunk by chunk. Returns its size in bytes. */
export function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, Metadatum>,
  tensors: readonly TensorPlan[],
): number {
  const head = header(metadata, tensors);
  const file = openSync(path, "w");
  let written = 0;
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    written += bytes.length;
  };
  const pad = () => write(new Uint8Array(aligned(written, ALIGNMENT) - written));
  try {
    write(head);
    pad();
    for (const tensor of tensors) {
      const { blockBytes } = tensor.format;
      const chunk = new Uint8Array(Math.ceil(CHUNK_BYTES / blockBytes) * blockBytes);
      for (let left = tensorBytes(tensor); left > 0; ) {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        tensor.fill(part);
        write(part);
        left -= part.length;
      }
      pad();
    }
  } finally {
    closeSync(file);
  }
  return written;
}

/** Header fields one after the other. Reading past the end throws RangeError. */
class HeaderReader {
  offset = 0;
  constructor(private readonly buffer: Buffer) {}

  u32(): number {
    return this.buffer.readUInt32LE(this.advance(4));
  }
  u64(): number {
    return Number(this.buffer.readBigUInt64LE(this.advance(8)));
  }
  string(): string {
    const size = this.u64();
    const at = this.advance(size);
    if (at + size > this.buffer.length) throw new RangeError("string beyond the end");
    return this.buffer.toString("utf8", at, at + size);
  }
  value(type = this.u32()): Value {
    const { buffer } = this;
    switch (type) {
      case TYPE.u8:
        return buffer.readUInt8(this.advance(1));
      case TYPE.i8:
        return buffer.readInt8(this.advance(1));
      case TYPE.u16:
        return buffer.readUInt16LE(this.advance(2));
      case TYPE.i16:
        return buffer.readInt16LE(this.advance(2));
      case TYPE.u32:
        return this.u32();
      case TYPE.i32:
        return buffer.readInt32LE(this.advance(4));
      case TYPE.f32:
        return buffer.readFloatLE(this.advance(4));
      case TYPE.bool:
        return buffer.readUInt8(this.advance(1)) !== 0;
      case TYPE.string:
        return this.string();
      case TYPE.u64:
        return this.u64();
      case TYPE.i64:
        return Number(buffer.readBigInt64LE(this.advance(8)));
      case TYPE.f64:
        return buffer.readDoubleLE(this.advance(8));
      case TYPE.array:
        return this.array();
      default:
        throw new Error(`GGUF metadata of the unknown type ${type}`);
    }
  }

  private array(): Value[] {
    const type = this.u32();
    const length = this.u64();
    const values: Value[] = [];
    for (let i = 0; i < length; i++) values.push(this.value(type));
    return values;
  }
  private advance(size: number): number {
    const at = this.offset;
    this.offset += size;
    return at;
  }
}

function parse(buffer: Buffer): GgufHeader {
  const reader = new HeaderReader(buffer);
  if (reader.u32() !== MAGIC) throw new Error("not a GGUF file");
  const version = reader.u32();
  if (version !== 2 && version !== VERSION) throw new Error(`GGUF version ${version}, expected ${VERSION}`);
  const tensorCount = reader.u64();
  const metadataCount = reader.u64();
  const metadata = new Map<string, Value>();
  for (let i = 0; i < metadataCount; i++) metadata.set(reader.string(), reader.value());
  const tensors = Array.from({ length: tensorCount }, () => {
    const name = reader.string();
    const shape = Array.from({ length: reader.u32() }, () => reader.u64());
    return { name, shape, ggmlType: reader.u32(), offset: reader.u64() };
  });
  const start = aligned(reader.offset, Number(metadata.get("general.alignment") ?? ALIGNMENT));
  return { metadata, tensors: tensors.map(tensor => ({ ...tensor, offset: start + tensor.offset })) };
}

/** Reads the header of a file; throws when it is not GGUF or ends too early. */
export function readGguf(path: string): GgufHeader {
  const file = openSync(path, "r");
  try {
    const size = fstatSync(file).size;
    for (let bytes = Math.min(1 << 20, size); ; bytes = Math.min(2 * bytes, size)) {
      const buffer = Buffer.alloc(bytes);
      readSync(file, buffer, 0, bytes, 0);
      try {
        return parse(buffer);
      } catch (error) {
        // The header is longer than what was read.
        if (!(error instanceof RangeError) || bytes === size) throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}
