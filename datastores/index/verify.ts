/** The check of a whole shard, in time proportional to its size, and the cheap one of a shard that is opened. */
import { createHash } from "node:crypto";
import type { TokenKeys } from "./dictionary.ts";
import { DocumentFile } from "./documents.ts";
import { FileData, readAt } from "./fileData.ts";
import {
  HEADER_BYTES,
  SECTIONS,
  type SectionName,
  type ShardHeader,
  sameBytes,
  shardProblem,
} from "./format.ts";
import type { Samples } from "./samples.ts";
import { DEPTH } from "./sort.ts";

const CHUNK_BYTES = 1 << 22;
/** Neighbours in the prefix array whose order is checked, spread over all of it. */
const CHECKED_NEIGHBOURS = 4096;
const CHECKED_DOCUMENTS = 1024;
/** The same when a shard is opened, which takes milliseconds. */
const CHECKED_AT_OPEN = 128;
/** In proportion to the text: their checksums are left to `verifyShard`. */
const LARGE_SECTIONS: readonly SectionName[] = ["tokens", "positions", "documentRecords"];

/**
 * Checks the checksums of all sections, the order of entries and samples drawn evenly, and that documents lie
 * inside the stream in their order. Throws a `StoreError` for what is wrong first.
 */
export function verifyShard(
  file: number,
  header: ShardHeader,
  keys: TokenKeys,
  samples: Samples,
  path: string,
): void {
  checkChecksums(file, header, SECTIONS, path);
  const data = new FileData(file, header, keys, path);
  checkOrder(data, CHECKED_NEIGHBOURS, path);
  checkSamples(data, samples, CHECKED_NEIGHBOURS, path);
  checkDocuments(new DocumentFile(file, header, path), data.tokens, CHECKED_DOCUMENTS, path);
}

/**
 * Checks the checksums of the small sections, and some places of the large ones. Throws a `StoreError` for what is
 * wrong first. Damage of a few bytes in a large section is found by `verifyShard` alone.
 */
export function checkOpened(
  file: number,
  header: ShardHeader,
  keys: TokenKeys,
  samples: Samples,
  path: string,
): void {
  const small = SECTIONS.filter(name => !LARGE_SECTIONS.includes(name));
  checkChecksums(file, header, small, path);
  const data = new FileData(file, header, keys, path);
  checkOrder(data, CHECKED_AT_OPEN, path);
  checkSamples(data, samples, CHECKED_AT_OPEN, path);
  checkDocuments(new DocumentFile(file, header, path), data.tokens, CHECKED_AT_OPEN, path);
}

function checkChecksums(
  file: number,
  header: ShardHeader,
  names: readonly SectionName[],
  path: string,
): void {
  for (const name of names) {
    const { offset, length, sha256 } = header.sections[name];
    if (offset < HEADER_BYTES || !sameBytes(hashOf(file, offset, length, path), sha256))
      throw shardProblem("corrupt", `${path} is damaged: section ${name} has another checksum.`);
  }
}

function hashOf(file: number, offset: number, length: number, path: string): Uint8Array {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(Math.min(length, CHUNK_BYTES));
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    const count = Math.min(CHUNK_BYTES, length - at);
    readAt(file, chunk, 0, count, offset + at, path);
    hash.update(chunk.subarray(0, count));
  }
  return hash.digest();
}

/** Writes the keys before a position, the nearest first, 0 from the document's beginning on. */
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

function checkOrder(data: FileData, most: number, path: string): void {
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
      throw shardProblem("corrupt", `${path} is damaged: entry ${entry} is out of order.`);
  }
}

function checkSamples(data: FileData, samples: Samples, most: number, path: string): void {
  const checks = Math.min(most, samples.count);
  const keys = new Int32Array(DEPTH);
  const scratch = new Uint32Array(DEPTH);
  for (let check = 0; check < checks; check++) {
    const sample = Math.floor((check * samples.count) / checks);
    const position = data.position(sample * samples.interval);
    keysBefore(data, position, scratch, keys);
    const row = samples.keys.subarray(sample * samples.keyTokens, (sample + 1) * samples.keyTokens);
    if (samples.positions[sample] !== position || row.some((key, i) => key !== keys[i]))
      throw shardProblem("corrupt", `${path} is damaged: sample ${sample} is not its entry.`);
  }
}

function checkDocuments(documents: DocumentFile, tokens: number, most: number, path: string): void {
  const checks = Math.min(most, documents.count);
  let end = 0;
  for (let check = 0; check < checks; check++) {
    const index = Math.floor((check * documents.count) / checks);
    const { start, length } = documents.get(index);
    if (start < end || start + length > tokens)
      throw shardProblem("corrupt", `${path} is damaged: document ${index} is not where it should be.`);
    end = start + length;
  }
}
