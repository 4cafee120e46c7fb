import code from "./argmax.wat";

/** WebAssembly pages, in bytes. */
const PAGE = 65_536;
/** Floats whose largest is found at once; the module reads in strides of as many. */
const BLOCK = 64;
/** Floats looked at together: they and their copy fit into a core's first cache. */
const PART = 4096;

interface Exports {
  readonly memory: WebAssembly.Memory;
  largest(bytes: number): number;
  indexOf(bytes: number, value: number): number;
  maxima(bytes: number, to: number): void;
  sumExp(bytes: number, shift: number): number;
}

/** Copies floats of a row, from the index `start` on, into `out`. */
export type CopyPart = (out: Float32Array, start: number) => void;

/**
 * Finds the largest elements of a row of logits that lies in memory WebAssembly cannot see. The row is copied
 * part by part, and each part is searched with 128-bit vectors while it is in the cache. Only the part with the
 * largest value is searched a second time, for its index. Rows of 152k logits just decoded, five in a row: 36 us
 * each; 70 when a whole row is copied before it is searched, 600 in a JavaScript loop.
 */
export class LargestLogits {
  private readonly exports: Exports;
  private readonly part: Float32Array;
  /** The largest value of each block of the part; these values lie after the part. */
  private readonly maxima: Float32Array;

  /** @param size floats of a row */
  constructor(private readonly size: number) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code));
    this.exports = instance.exports as Exports;
    const blocks = PART / BLOCK;
    this.exports.memory.grow(Math.max(0, Math.ceil(((PART + blocks) * 4) / PAGE) - 1));
    this.part = new Float32Array(this.exports.memory.buffer, 0, PART);
    this.maxima = new Float32Array(this.exports.memory.buffer, PART * 4, blocks);
  }

  /** The index of the largest value, the lowest among equals; 0 for a row without numbers. */
  argmax(copy: CopyPart): number {
    let most = Number.NEGATIVE_INFINITY;
    let bestStart = 0;
    for (let start = 0; start < this.size; start += PART) {
      const value = this.exports.largest(this.load(copy, start));
      if (value <= most) continue;
      most = value;
      bestStart = start;
    }
    return Math.max(0, bestStart + this.exports.indexOf(this.load(copy, bestStart), most));
  }

  /**
   * Writes the indices of the `count` largest values and the values themselves, the largest first and the
   * lowest index first among equals. Returns how many there are: fewer where fewer are above -infinity. It only
   * looks into blocks that hold a larger value than those listed: the eight largest of 152k logits take twice the
   * time of the largest alone.
   */
  top(copy: CopyPart, count: number, ids: Int32Array, values: Float32Array): number {
    const { part, maxima } = this;
    let found = 0;
    for (let start = 0; start < this.size; start += PART) {
      const bytes = this.load(copy, start);
      this.exports.maxima(bytes, part.byteLength);
      for (let at = 0; at * 4 < bytes; at += BLOCK) {
        const least = found < count ? Number.NEGATIVE_INFINITY : values[count - 1];
        if (maxima[at / BLOCK] > least) found = this.collect(start, at, { count, found, ids, values });
      }
    }
    return found;
  }

  /**
   * The share of one value in the softmax of the row, from 0 to 1: the probability of a token. A row of 152k logits
   * takes 0.2 ms.
   */
  share(copy: CopyPart, index: number): number {
    let most = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let own = Number.NEGATIVE_INFINITY;
    for (let start = 0; start < this.size; start += PART) {
      const bytes = this.load(copy, start);
      const value = this.exports.largest(bytes);
      if (value > most) {
        sum *= Math.exp(most - value);
        most = value;
      }
      if (Number.isFinite(most)) sum += this.exports.sumExp(bytes, most);
      if (index >= start && index < start + PART) own = this.part[index - start];
    }
    return sum > 0 ? Math.exp(own - most) / sum : 0;
  }

  /** Puts the values of a block of the part into a list of the largest. Returns how many the list has then. */
  private collect(
    start: number,
    first: number,
    { count, found, ids, values }: { count: number; found: number; ids: Int32Array; values: Float32Array },
  ): number {
    const { part } = this;
    let listed = found;
    let least = listed < count ? Number.NEGATIVE_INFINITY : values[count - 1];
    for (let i = first; i < first + BLOCK; i++) {
      const value = part[i];
      if (!(value > least)) continue;
      let at = listed < count ? listed++ : count - 1;
      for (; at > 0 && values[at - 1] < value; at--) {
        ids[at] = ids[at - 1];
        values[at] = values[at - 1];
      }
      ids[at] = start + i;
      values[at] = value;
      if (listed === count) least = values[count - 1];
    }
    return listed;
  }

  /** Brings one part in and returns its padded length in bytes. */
  private load(copy: CopyPart, start: number): number {
    const count = Math.min(PART, this.size - start);
    copy(count === PART ? this.part : this.part.subarray(0, count), start);
    const padded = Math.ceil(count / BLOCK) * BLOCK;
    if (padded > count) this.part.fill(Number.NEGATIVE_INFINITY, count, padded);
    return padded * 4;
  }
}
