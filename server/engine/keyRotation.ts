/**
 * The rotation that llama.cpp applies to keys before it quantises them: each head, or a part of it, is multiplied by a
 * Hadamard matrix, which spreads outliers.
 */
import code from "./keyRotation.wat";

/** WebAssembly pages, in bytes. */
const PAGE = 65_536;
const FLOAT_BYTES = 4;
const LEAST_ROTATION = 64;

interface Exports {
  readonly memory: WebAssembly.Memory;
  rotate(bytes: number, size: number, scale: number): void;
}

export class KeyRotation {
  /** The values to rotate; length and address never change. */
  readonly values: Float32Array;
  /** Values that are rotated together: the largest power of two that divides a head, where that is 64 or more; else 1. */
  private readonly size: number;
  private readonly exports: Exports;

  /** @param length most values rotated at once @param headValues values of a key in one head */
  constructor(length: number, headValues: number) {
    let size = 1;
    while (headValues % (2 * size) === 0) size *= 2;
    this.size = size >= LEAST_ROTATION ? size : 1;
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(code)).exports as Exports;
    const { memory } = this.exports;
    memory.grow(Math.max(0, Math.ceil((length * FLOAT_BYTES) / PAGE) - 1));
    this.values = new Float32Array(memory.buffer, 0, length);
  }

  /** Rotates the first `count` values, whole heads. */
  rotate(count: number): void {
    const { size, exports } = this;
    if (size > 1) exports.rotate(count * FLOAT_BYTES, size * FLOAT_BYTES, 1 / Math.sqrt(size));
  }
}
