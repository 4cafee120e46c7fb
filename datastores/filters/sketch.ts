/**
 * The data of a text for finding duplicates: `SKETCH_BYTES` bytes. Sketches are written beside a shard, so that
 * documents of inputs that other processes have read can be compared.
 *
 * The first 8 bytes are the start of the SHA-256 of the text with line feeds. Each other byte is from one of 128 minima of MinHash (Broder 1997):
 * 8 bits of the minimum (b-bit minwise hashing, Li and Koenig 2010); all are zero if the text is too short.
 */
import { createHash } from "node:crypto";

export const PERMUTATIONS = 128;
const DIGEST_BYTES = 8;
export const SKETCH_BYTES = DIGEST_BYTES + PERMUTATIONS;
const SHINGLE_WORDS = 5;
/** Texts with fewer shingles are only compared exactly. */
const FEWEST_SHINGLES = 20;
export const HASH_FACTOR = 0x01000193;

/** A view of a sketch. */
interface Sketch {
  /** Halves of a hash of the whole text. */
  readonly low: number;
  readonly high: number;
  /** `PERMUTATIONS` rows; undefined for a text that is only compared exactly. */
  readonly rows: Uint8Array | undefined;
}

export function sketchOf(text: string): Uint8Array {
  const sketch = new Uint8Array(SKETCH_BYTES);
  // Tokens do not differ by line ends either.
  createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest().copy(sketch, 0, 0, DIGEST_BYTES);
  const minima = new Int32Array(PERMUTATIONS);
  if (minHash(text, minima) >= FEWEST_SHINGLES)
    for (let row = 0; row < PERMUTATIONS; row++) sketch[DIGEST_BYTES + row] = mix(minima[row]) >>> 24;
  return sketch;
}

/** Reads the sketch that begins at a byte. */
export function readSketch(bytes: Uint8Array, at = 0): Sketch {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, DIGEST_BYTES);
  const rows = bytes.subarray(at + DIGEST_BYTES, at + SKETCH_BYTES);
  return {
    low: view.getUint32(0, true),
    high: view.getUint32(4, true),
    rows: rows.some(row => row !== 0) ? rows : undefined,
  };
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the result. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Permutation i maps x to `FACTORS[i] * x + OFFSETS[i]` modulo 2^32; odd factors make it one to one. Signed
 * numbers are compared without conversion to doubles; their different order works as well.
 */
const FACTORS = Int32Array.from({ length: PERMUTATIONS }, (_, i) => mix(2 * i + 1) | 1);
const OFFSETS = Int32Array.from({ length: PERMUTATIONS }, (_, i) => mix(0x9e3779b9 + 2 * i));

/**
 * The minimum of each permutation over the hashes of all runs of 5 words; a word is a run of letters, digits
 * and underscores, so layout and punctuation do not count.
 * @returns number of runs
 */
function minHash(text: string, minima: Int32Array): number {
  minima.fill(0x7fffffff);
  const recent = new Uint32Array(SHINGLE_WORDS);
  let words = 0;
  let word = 0;
  for (let i = 0; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : 0;
    if (isWordUnit(unit)) {
      word = Math.imul((word === 0 ? 0x811c9dc5 : word) ^ unit, HASH_FACTOR) || 1;
      continue;
    }
    if (word === 0) continue;
    recent[words++ % SHINGLE_WORDS] = word;
    word = 0;
    if (words >= SHINGLE_WORDS) lower(minima, shingleHash(recent, words));
  }
  return Math.max(0, words - SHINGLE_WORDS + 1);
}

function isWordUnit(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    unit === 95 ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit >= 128
  );
}

/** @param words number of words so far; the oldest of the recent ones is at `words` modulo their number */
function shingleHash(recent: Uint32Array, words: number): number {
  let hash = 0;
  for (let k = 0; k < SHINGLE_WORDS; k++)
    hash = Math.imul(hash ^ recent[(words + k) % SHINGLE_WORDS], 0x9e3779b1) + k;
  return mix(hash);
}

function lower(minima: Int32Array, shingle: number): void {
  for (let i = 0; i < PERMUTATIONS; i++) {
    const value = (Math.imul(FACTORS[i], shingle) + OFFSETS[i]) | 0;
    if (value < minima[i]) minima[i] = value;
  }
}
