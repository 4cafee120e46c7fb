/**
 * Random weights in ggml's formats, made directly as quantised blocks: a block's content does not change the
 * cost of computing with it, and quantising meaningless weights would gain nothing. Scales are chosen so that the
 * weights have the requested spread and activations stay finite.
 * Blocks as in ggml's `ggml-common.h`.
 */
import type { TensorFormat } from "./gguf.ts";

export const FORMATS = {
  f32: { ggmlType: 0, blockValues: 1, blockBytes: 4 },
  f16: { ggmlType: 1, blockValues: 1, blockBytes: 2 },
  q4_0: { ggmlType: 2, blockValues: 32, blockBytes: 18 },
  q5_0: { ggmlType: 6, blockValues: 32, blockBytes: 22 },
  q8_0: { ggmlType: 8, blockValues: 32, blockBytes: 34 },
  q4_k: { ggmlType: 12, blockValues: 256, blockBytes: 144 },
} as const satisfies Record<string, TensorFormat>;

export type FormatName = keyof typeof FORMATS;

/** Fills consecutive chunks of whole blocks. */
export type Filler = (chunk: Uint8Array) => void;

/** Random 32-bit integers (xorshift, Marsaglia 2003); the same seed gives the same weights. */
export class Bits {
  private state: number;

  constructor(seed: number) {
    // Zero is the one state xorshift never leaves.
    this.state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  next(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state;
  }

  /** Sets every byte of `chunk`; the bits of `always`, one byte repeated four times, are set in each. */
  fill(chunk: Uint8Array, always = 0): void {
    const words = new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length >> 2);
    for (let i = 0; i < words.length; i++) words[i] = this.next() | always;
    for (let i = words.length * 4; i < chunk.length; i++) chunk[i] = this.next() | always;
  }
}

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** The bits of a number as IEEE half precision, rounded to nearest; overflow becomes infinity. */
export function halfBits(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(floatView[0] as number);
  // Below 2^-14 halves are multiples of 2^-24; the sum carries over into the smallest normal by itself.
  if (magnitude < 2 ** -14) return sign | Math.round(magnitude * 2 ** 24);
  if (magnitude >= 65520) return sign | 0x7c00;
  const rounded = (bits & 0x7fffffff) + 0xfff + ((bits >>> 13) & 1);
  return sign | ((rounded >>> 13) - ((127 - 15) << 10));
}

/** Standard deviation of a whole number drawn evenly from `count` successive ones. */
const evenSpread = (count: number) => Math.sqrt((count * count - 1) / 12);

/** Spread of a Q4_K weight whose block has the scale 1, its sub-block scales and minima being random too. */
const Q4_K_SPREAD = (() => {
  const scaleSquared = 31.5 ** 2 + evenSpread(64) ** 2;
  const within = scaleSquared * evenSpread(16) ** 2;
  const between = 2 * (7.5 * evenSpread(64)) ** 2;
  return Math.sqrt(within + between);
})();

/** Puts a half-precision number at `offset` of every block. */
function stamp(chunk: Uint8Array, blockBytes: number, offset: number, value: number): void {
  const bits = halfBits(value);
  for (let at = offset; at < chunk.length; at += blockBytes) {
    chunk[at] = bits & 0xff;
    chunk[at + 1] = bits >>> 8;
  }
}

/** Weights of mean 0 and the given standard deviation. */
export function randomWeights(format: Exclude<FormatName, "f32">, spread: number, bits: Bits): Filler {
  const { blockBytes } = FORMATS[format];
  switch (format) {
    case "f16":
      return randomHalves(spread, bits);
    case "q8_0":
      return chunk => {
        // Odd numbers from -127 to 127: -128 is not a value of this format, and the mean is 0.
        bits.fill(chunk, 0x01010101);
        stamp(chunk, blockBytes, 0, spread / (2 * evenSpread(128)));
      };
    case "q4_0":
      return chunk => {
        bits.fill(chunk);
        stamp(chunk, blockBytes, 0, spread / evenSpread(16));
      };
    case "q5_0":
      return chunk => {
        bits.fill(chunk);
        stamp(chunk, blockBytes, 0, spread / evenSpread(32));
      };
    case "q4_k":
      return chunk => {
        bits.fill(chunk);
        // A weight is scale * q - minimum, q from 0 to 15: with 7.5 times the scale the mean is 0.
        stamp(chunk, blockBytes, 0, spread / Q4_K_SPREAD);
        stamp(chunk, blockBytes, 2, (7.5 * spread) / Q4_K_SPREAD);
      };
  }
}

/** Evenly spread halves, looked up by 16 random bits: converting each would take longer than everything else. */
function randomHalves(spread: number, bits: Bits): Filler {
  const reach = spread * Math.sqrt(3);
  const table = Uint16Array.from({ length: 1 << 16 }, (_, i) => halfBits(reach * (i / 32767.5 - 1)));
  return chunk => {
    bits.fill(chunk);
    const halves = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.length >> 1);
    for (let i = 0; i < halves.length; i++) halves[i] = table[halves[i] as number] as number;
  };
}

/** Single-precision numbers spread evenly around a mean; a spread of 0 makes a constant. */
export function floats(mean: number, spread: number, bits: Bits): Filler {
  const reach = spread * Math.sqrt(3);
  return chunk => {
    const values = new Float32Array(chunk.buffer, chunk.byteOffset, chunk.length >> 2);
    for (let i = 0; i < values.length; i++) values[i] = mean + reach * (bits.next() / 2 ** 31);
  };
}
