/**
 * Finds documents that repeat one of another input. Within an input repetitions are left out while it is read; across
 * inputs they are found once all shares of a store are there, from the sketches beside its shards, in the order of
 * the inputs. So a store does not depend on how many processes built it, nor on where one of them was stopped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { Duplicates, SKETCH_BYTES } from "../filters/index.ts";
import { shardProblem } from "../index/index.ts";
import { type DocumentLists, readDocumentLists } from "./documentLists.ts";
import type { ShardEntry } from "./manifest.ts";

const REPEATED = "repeated.json";

/** The file of the sketches of a shard's documents: `SKETCH_BYTES` for each, in their order. */
export const sketchesFile = (shardFile: string) => shardFile.replace(/\.fts$/, ".sketches");

/** Writes the sketches of the documents of a shard. */
export function writeSketches(directory: string, shardFile: string, sketches: readonly Uint8Array[]): void {
  writeWhole(join(directory, sketchesFile(shardFile)), Buffer.concat(sketches));
}

/** Throws a `StoreError` where the sketches of a shard are not those of its documents. */
export function checkSketches(directory: string, shard: ShardEntry): Uint8Array {
  const path = join(directory, sketchesFile(shard.file));
  const sketches = existsSync(path) ? readFileSync(path) : new Uint8Array();
  if (sketches.length !== shard.documents * SKETCH_BYTES)
    throw shardProblem("corrupt", `${path} does not have the sketches of its shard's documents.`);
  return sketches;
}

/** Looks for repetitions across the shards of a whole store, in this order, and leaves them out of searches. */
export function markRepeated(directory: string, shards: readonly ShardEntry[]): void {
  const duplicates = new Duplicates();
  const repeated: Record<string, number[]> = {};
  for (const shard of shards) {
    const sketches = checkSketches(directory, shard);
    const found: number[] = [];
    for (let document = 0; document < shard.documents; document++) {
      const at = document * SKETCH_BYTES;
      if (duplicates.see(sketches.subarray(at, at + SKETCH_BYTES)) !== undefined) found.push(document);
    }
    if (found.length > 0) repeated[shard.file] = found;
  }
  writeWhole(join(directory, REPEATED), JSON.stringify({ documents: repeated }));
}

/** Indices of the documents that repeat one of an earlier input, by shard file. */
export function repeatedIn(directory: string): DocumentLists {
  return readDocumentLists(join(directory, REPEATED), "Build the store again.").documents;
}
