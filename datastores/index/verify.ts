/** Checks a whole shard in time proportional to its size, or cheaply a shard that is opened. */
import type { TokenKeys } from "./dictionary.ts";
import { DocumentFile } from "./documents.ts";
import { FileData } from "./fileData.ts";
import { HEADER_BYTES, SECTIONS, type SectionName, sameBytes } from "./format.ts";
import type { Samples } from "./samples.ts";
import type { ShardFile } from "./shardFile.ts";
import { DEPTH } from "./sort.ts";

/** Neighbours in the prefix array whose order is checked, spread over all of it. */
const CHECKED_NEIGHBOURS = 4096;
const CHECKED_DOCUMENTS = 1024;
/** Both numbers for a shard that is opened, which must take milliseconds. */
const CHECKED_AT_OPEN = 128;
/** Proportional to the text: only `verifyShard` checks their checksums. */
const LARGE_SECTIONS: readonly SectionName[] = ["tokens", "positions", "documentRecords"];

/**
 * Checks the checksums of all sections, the order of evenly drawn entries and samples, and that documents are
 * inside the stream and in order. Throws a `StoreError` for the first problem.
 */
export function verifyShard(file: ShardFile, keys: TokenKeys, samples: Samples): void {
  checkChecksums(file, SECTIONS);
  const data = new FileData(file, keys);
  checkOrder(file, data, CHECKED_NEIGHBOURS);
  checkSamples(file, data, samples, CHECKED_NEIGHBOURS);
  checkDocuments(file, CHECKED_DOCUMENTS);
}

/**
 * Checks the checksums of the small sections, and some places of the large ones. Throws a `StoreError` for the first
 * problem. Only `verifyShard` finds damage of a few bytes in a large section.
 */
export function checkOpened(file: ShardFile, keys: TokenKeys, samples: Samples): void {
  const small = SECTIONS.filter(name => !LARGE_SECTIONS.includes(name));
  checkChecksums(file, small);
  const data = new FileData(file, keys);
  checkOrder(file, data, CHECKED_AT_OPEN);
  checkSamples(file, data, samples, CHECKED_AT_OPEN);
  checkDocuments(file, CHECKED_AT_OPEN);
}

function checkChecksums(file: ShardFile, names: readonly SectionName[]): void {
  for (const name of names) {
    const { offset, sha256 } = file.header.sections[name];
    // A section that overlaps the header could have a matching checksum.
    if (offset < HEADER_BYTES || !sameBytes(file.checksum(name), sha256))
      throw file.damaged(`the checksum of section ${name} does not match`);
  }
}

/** Writes the keys before a position, the nearest first; 0 from the document's beginning on. */
function keysBefore(data: FileData, position: number, scratch: Uint32Array, into: Int32Array): void {
  const count = Math.min(DEPTH, position);
  data.readKeys(position - count, count, scratch);
  let i = 0;
  while (i < count && scratch[count - 1 - i] !== 0) {
    into[i] = scratch[count - 1 - i];
    i++;
  }
  into.fill(0, i);
}

function checkOrder(file: ShardFile, data: FileData, most: number): void {
  const scratch = new Uint32Array(DEPTH);
  const before = new Int32Array(DEPTH);
  const after = new Int32Array(DEPTH);
  const checks = Math.min(most, data.entries - 1);
  for (let check = 0; check < checks; check++) {
    const entry = Math.floor((check * (data.entries - 1)) / checks);
    const position = data.position(entry + 1);
    keysBefore(data, data.position(entry), scratch, before);
    keysBefore(data, position, scratch, after);
    const differing = before.findIndex((key, i) => key !== after[i]);
    if (position >= data.tokens || (differing >= 0 && before[differing] > after[differing]))
      throw file.damaged(`entry ${entry} is out of order`);
  }
}

function checkSamples(file: ShardFile, data: FileData, samples: Samples, most: number): void {
  const checks = Math.min(most, samples.count);
  const keys = new Int32Array(DEPTH);
  const scratch = new Uint32Array(DEPTH);
  for (let check = 0; check < checks; check++) {
    const sample = Math.floor((check * samples.count) / checks);
    const position = data.position(sample * samples.interval);
    keysBefore(data, position, scratch, keys);
    const row = samples.keys.subarray(sample * samples.keyTokens, (sample + 1) * samples.keyTokens);
    if (samples.positions[sample] !== position || row.some((key, i) => key !== keys[i]))
      throw file.damaged(`sample ${sample} does not match its entry`);
  }
}

function checkDocuments(file: ShardFile, most: number): void {
  const documents = new DocumentFile(file);
  const checks = Math.min(most, documents.count);
  let end = 0;
  for (let check = 0; check < checks; check++) {
    const index = Math.floor((check * documents.count) / checks);
    const { start, length } = documents.get(index);
    if (start < end || start + length > file.header.tokens)
      throw file.damaged(`document ${index} is not where it should be`);
    end = start + length;
  }
}
