/**
 * Finds documents that repeat one of another input. Repetitions within an input are left out while it is read; those
 * across inputs are found once all shares of a store exist, from the sketches beside its shards, in the order of the
 * inputs. So a store does not depend on how many processes built it, nor on where one of them was stopped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { contentOf, writeWhole } from "../files/index.ts";
import { Duplicates, SKETCH_BYTES } from "../filters/index.ts";
import { sameBytes, sha256, shardProblem } from "../index/index.ts";
import { type DocumentLists, readDocumentLists } from "./documentLists.ts";
import type { ShardEntry } from "./manifest.ts";
import { repeatedName } from "./ownFiles.ts";
import type { StoreManifest } from "./storeManifest.ts";

/** Name of the file with a shard's sketches: `SKETCH_BYTES` for each document, in order, and the SHA-256 of these. */
export const sketchesFile = (shardFile: string) => shardFile.replace(/\.fts$/, ".sketches");

/** Writes the sketches of the documents of a shard. */
export function writeSketches(directory: string, shardFile: string, sketches: readonly Uint8Array[]): void {
  const bytes = Buffer.concat(sketches);
  writeWhole(join(directory, sketchesFile(shardFile)), Buffer.concat([bytes, sha256(bytes)]));
}

/** The sketches of a shard's documents. Throws a `StoreError` if the file is missing, unreadable, damaged or another shard's. */
export function readSketches(directory: string, shard: ShardEntry): Uint8Array {
  const path = join(directory, sketchesFile(shard.file));
  const bytes = contentOf(path) ?? Buffer.alloc(0);
  const sketches = bytes.subarray(0, shard.documents * SKETCH_BYTES);
  if (!sameBytes(sha256(sketches), bytes.subarray(sketches.length)))
    throw shardProblem("corrupt", `${path} does not have the sketches of its shard's documents.`);
  return sketches;
}

/** Finds repetitions across the shards of a whole build, in their order, and leaves them out of searches. */
export function markRepeated(directory: string, { build, shards }: StoreManifest): void {
  const duplicates = new Duplicates();
  const repeated: Record<string, number[]> = {};
  for (const shard of shards) {
    const sketches = readSketches(directory, shard);
    const found: number[] = [];
    for (let document = 0; document < shard.documents; document++) {
      const at = document * SKETCH_BYTES;
      if (duplicates.see(sketches.subarray(at, at + SKETCH_BYTES)) !== undefined) found.push(document);
    }
    if (found.length > 0) repeated[shard.file] = found;
  }
  writeWhole(join(directory, repeatedName(build)), JSON.stringify({ documents: repeated }));
}

/** Whether the repetitions of a build have been searched for. */
export const isMarked = (directory: string, build: string): boolean =>
  existsSync(join(directory, repeatedName(build)));

/** Indices of the documents of a build that repeat one of an earlier input, by shard file. */
export function repeatedIn(directory: string, build: string): DocumentLists {
  return readDocumentLists(join(directory, repeatedName(build)), "Build the store again.").documents;
}
