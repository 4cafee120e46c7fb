/**
 * Finds files that have been seen before, exactly or nearly.
 *
 * Near duplicates by MinHash and locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998), as in The
 * Stack's own de-duplication: shingles of 5 words, 128 permutations. 117 of these form 9 bands of 13 rows;
 * two files meet in a band with probability 1 - (1 - J^13)^9, one half at Jaccard J = 0.82. Files that meet
 * are compared by all 128 rows, so a dropped file has a similarity of at least `NEAR`, as far as 128 rows can tell.
 *
 * A row keeps 8 bits of its minimum (b-bit minwise hashing, Li and Koenig 2010): 128 bytes a file. With the
 * table of bands and that of exact hashes a million files take 218 MB; between doublings of the tables, up to
 * 300 MB for each million. Beyond the limit given, files are still looked up but no longer remembered.
 */
import { HASH_FACTOR, mix, PERMUTATIONS, readSketch } from "./sketch.ts";

export type DuplicateKind = "exactDuplicate" | "nearDuplicate";

const BANDS = 9;
const BAND_ROWS = 13;
/** Jaccard similarity from which on two files count as one. */
const NEAR = 0.85;
/** Rows that must agree: unrelated 8-bit rows agree once in 256. */
const NEAR_ROWS = Math.ceil(PERMUTATIONS * (NEAR + (1 - NEAR) / 256));
/** Files that share boilerplate crowd a band; this limit on compared files bounds the work. */
const CANDIDATES = 64;
const BLOCK_FILES = 1 << 16;
const DEFAULT_LIMIT = 4_000_000;

export class Duplicates {
  /** Files remembered. */
  size = 0;
  private readonly exact = new HashSet64();
  private readonly blocks: Uint8Array[] = [];
  private near = 0;
  /** File number plus one by hash of one band, open addressing; 0 is free. */
  private bands = new Uint32Array(1 << 12);
  private bandsUsed = 0;

  /** @param limit most files to remember */
  constructor(private readonly limit = DEFAULT_LIMIT) {}

  /** Bytes held for the files remembered so far. */
  get memoryBytes(): number {
    return this.exact.memoryBytes + this.bands.byteLength + this.blocks.length * BLOCK_FILES * PERMUTATIONS;
  }

  /** How a text, given by its sketch, repeats a remembered one; if it does not, it is remembered, and undefined returned. */
  see(sketch: Uint8Array): DuplicateKind | undefined {
    const isFull = this.size >= this.limit;
    const { low, high, rows } = readSketch(sketch);
    if (!this.exact.add(low, high, !isFull)) return "exactDuplicate";
    if (rows) {
      if (this.hasNear(rows)) return "nearDuplicate";
      if (!isFull) this.remember(rows);
    }
    if (!isFull) this.size++;
    return undefined;
  }

  private hasNear(signature: Uint8Array): boolean {
    const { bands } = this;
    const mask = bands.length - 1;
    for (let band = 0; band < BANDS; band++) {
      let slot = bandHash(signature, 0, band) & mask;
      for (let hop = 0; hop < CANDIDATES && bands[slot] !== 0; hop++) {
        if (this.agreeing(signature, bands[slot] - 1) >= NEAR_ROWS) return true;
        slot = (slot + 1) & mask;
      }
    }
    return false;
  }

  /** Rows in which a remembered file equals the signature; gives up once too few can follow. */
  private agreeing(signature: Uint8Array, file: number): number {
    const block = this.blocks[Math.floor(file / BLOCK_FILES)];
    const base = (file % BLOCK_FILES) * PERMUTATIONS;
    let differing = 0;
    for (let row = 0; row < PERMUTATIONS; row++)
      if (block[base + row] !== signature[row] && ++differing > PERMUTATIONS - NEAR_ROWS) return 0;
    return PERMUTATIONS - differing;
  }

  private remember(signature: Uint8Array): void {
    const file = this.near++;
    if (file % BLOCK_FILES === 0) this.blocks.push(new Uint8Array(BLOCK_FILES * PERMUTATIONS));
    const base = (file % BLOCK_FILES) * PERMUTATIONS;
    this.blocks[this.blocks.length - 1].set(signature, base);
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
      // A lookup would not reach that far.
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

/** Hash of one band's rows and the band's number, since all bands share one table. */
function bandHash(signatures: Uint8Array, base: number, band: number): number {
  let hash = band + 1;
  for (let row = base + band * BAND_ROWS, end = row + BAND_ROWS; row < end; row++)
    hash = Math.imul(hash ^ signatures[row], HASH_FACTOR);
  return mix(hash);
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
