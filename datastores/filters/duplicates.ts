/**
 * Finds files that have been seen before, word for word or nearly.
 *
 * Near duplicates by MinHash and locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998), as in The
 * Stack's own de-duplication: shingles of 5 words, 128 permutations. Of these 117 form 9 bands of 13 rows;
 * two files meet in a band with probability 1 - (1 - J^13)^9, one half at Jaccard J = 0.82. Files that meet
 * are compared by all 128 rows, so what is dropped is at least `NEAR` alike as far as 128 rows can tell.
 *
 * A row keeps 8 bits of its minimum (b-bit minwise hashing, Li and Koenig 2010): 128 bytes a file. With the
 * table of bands and that of exact hashes a million files take 218 MB; between doublings of the tables, up to
 * 300 MB for each million. Beyond the limit given, files are still looked up but no longer remembered.
 */
import { createHash } from "node:crypto";

export type DuplicateKind = "exactDuplicate" | "nearDuplicate";

const PERMUTATIONS = 128;
const BANDS = 9;
const BAND_ROWS = 13;
const SHINGLE_WORDS = 5;
/** Jaccard similarity from which on two files count as one. */
const NEAR = 0.85;
/** Rows that must agree: unrelated 8-bit rows agree once in 256. */
const NEAR_ROWS = Math.ceil(PERMUTATIONS * (NEAR + (1 - NEAR) / 256));
/** Fewer shingles than this say nothing; such files are compared word for word only. */
const FEWEST_SHINGLES = 20;
/** Files that share boilerplate crowd a band; looking at so many of them bounds the work. */
const CANDIDATES = 64;
const BLOCK_FILES = 1 << 16;
const DEFAULT_LIMIT = 4_000_000;
const HASH_FACTOR = 0x01000193;

export class Duplicates {
  /** Files remembered. */
  size = 0;
  private readonly exact = new HashSet64();
  private readonly signature = new Uint8Array(PERMUTATIONS);
  private readonly minima = new Int32Array(PERMUTATIONS);
  private readonly blocks: Uint8Array[] = [];
  private near = 0;
  /** File number plus one by hash of one band, open addressing; 0 is free. */
  private bands = new Uint32Array(1 << 12);
  private bandsUsed = 0;

  /** @param limit files to remember at most */
  constructor(private readonly limit = DEFAULT_LIMIT) {}

  /** Bytes held for the files remembered so far. */
  get memoryBytes(): number {
    return this.exact.memoryBytes + this.bands.byteLength + this.blocks.length * BLOCK_FILES * PERMUTATIONS;
  }

  /** How the text repeats a remembered one; undefined if it does not, and then it is remembered itself. */
  see(text: string): DuplicateKind | undefined {
    const isFull = this.size >= this.limit;
    const digest = createHash("sha256").update(text).digest();
    if (!this.exact.add(digest.readUInt32LE(0), digest.readUInt32LE(4), !isFull)) return "exactDuplicate";
    const shingles = minHash(text, this.minima);
    if (shingles >= FEWEST_SHINGLES) {
      for (let row = 0; row < PERMUTATIONS; row++) this.signature[row] = mix(this.minima[row]) >>> 24;
      if (this.hasNear()) return "nearDuplicate";
      if (!isFull) this.remember();
    }
    if (!isFull) this.size++;
    return undefined;
  }

  private hasNear(): boolean {
    const { signature, bands } = this;
    const mask = bands.length - 1;
    for (let band = 0; band < BANDS; band++) {
      let slot = bandHash(signature, 0, band) & mask;
      for (let hop = 0; hop < CANDIDATES && bands[slot] !== 0; hop++) {
        if (this.agreeing(bands[slot] - 1) >= NEAR_ROWS) return true;
        slot = (slot + 1) & mask;
      }
    }
    return false;
  }

  /** Rows in which a remembered file has the signature at hand; gives up where too few can follow. */
  private agreeing(file: number): number {
    const block = this.blocks[Math.floor(file / BLOCK_FILES)];
    const base = (file % BLOCK_FILES) * PERMUTATIONS;
    const { signature } = this;
    let differing = 0;
    for (let row = 0; row < PERMUTATIONS; row++)
      if (block[base + row] !== signature[row] && ++differing > PERMUTATIONS - NEAR_ROWS) return 0;
    return PERMUTATIONS - differing;
  }

  private remember(): void {
    const file = this.near++;
    if (file % BLOCK_FILES === 0) this.blocks.push(new Uint8Array(BLOCK_FILES * PERMUTATIONS));
    const base = (file % BLOCK_FILES) * PERMUTATIONS;
    this.blocks[this.blocks.length - 1].set(this.signature, base);
    if ((this.bandsUsed + BANDS) * 3 > this.bands.length * 2) this.grow();
    this.insert(file);
  }

  private insert(file: number): void {
    const { bands } = this;
    const mask = bands.length - 1;
    const block = this.blocks[Math.floor(file / BLOCK_FILES)];
    const base = (file % BLOCK_FILES) * PERMUTATIONS;
    for (let band = 0; band < BANDS; band++) {
      let slot = bandHash(block, base, band) & mask;
      let hop = 0;
      while (hop < CANDIDATES && bands[slot] !== 0) {
        slot = (slot + 1) & mask;
        hop++;
      }
      // Nobody would look so far.
      if (hop === CANDIDATES) continue;
      bands[slot] = file + 1;
      this.bandsUsed++;
    }
  }

  private grow(): void {
    this.bands = new Uint32Array(this.bands.length * 2);
    this.bandsUsed = 0;
    for (let file = 0; file < this.near - 1; file++) this.insert(file);
  }
}

/** Hash of one band's rows, of the band's number too: all bands share one table. */
function bandHash(signatures: Uint8Array, base: number, band: number): number {
  let hash = band + 1;
  for (let row = base + band * BAND_ROWS, end = row + BAND_ROWS; row < end; row++)
    hash = Math.imul(hash ^ signatures[row], HASH_FACTOR);
  return mix(hash);
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Permutation i maps x to `FACTORS[i] * x + OFFSETS[i]` modulo 2^32; odd factors make it one to one. Signed
 * numbers are compared without a detour through doubles; their order is another, and as good.
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

/** @param words counted so far; the oldest of the recent ones is at `words` modulo their number */
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

/** A set of 64-bit hashes. Two of ten million texts collide with probability 3e-6. */
class HashSet64 {
  private used = 0;
  private slots = new Uint32Array(2 << 12);

  get memoryBytes(): number {
    return this.slots.byteLength;
  }

  /** False if the hash is in the set; else adds it, unless `adds` is false. */
  add(low: number, high: number, adds: boolean): boolean {
    const mask = this.slots.length / 2 - 1;
    // Both halves zero would look like a free slot.
    const first = (low | 1) >>> 0;
    let slot = high & mask;
    while (this.slots[2 * slot] !== 0) {
      if (this.slots[2 * slot] === first && this.slots[2 * slot + 1] === high) return false;
      slot = (slot + 1) & mask;
    }
    if (!adds) return true;
    this.slots[2 * slot] = first;
    this.slots[2 * slot + 1] = high;
    if (++this.used * 3 > mask * 2) this.grow();
    return true;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Uint32Array(old.length * 2);
    this.used = 0;
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0) this.add(old[i], old[i + 1], true);
  }
}
