/** Checks that a store's shards are what its manifest or a journal says, to the last byte. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { Shard, shardProblem } from "../index/index.ts";
import { codeOf, StoreError } from "../index.ts";
import type { InputEntry, ShardEntry, TokenizerEntry } from "./manifest.ts";
import { readSketches } from "./sketches.ts";

/** Throws a `StoreError` for a shard whose tokenizer is not the store's. */
export function checkTokenizer(
  found: { readonly tokenizer: string; readonly vocabularySize: number },
  { fingerprint, vocabularySize }: TokenizerEntry,
  path: string,
): void {
  if (found.tokenizer !== fingerprint || found.vocabularySize !== vocabularySize)
    throw shardProblem("tokenizer", `${path} was made with a different tokenizer from its store's.`);
}

/** Reads a shard and its sketches completely, and throws a `StoreError` for damaged or missing parts. */
export function checkShard(directory: string, entry: ShardEntry, tokenizer: TokenizerEntry): void {
  const { file, tokens, documents, bytes } = entry;
  const path = join(directory, file);
  const found = Shard.verify(path);
  checkTokenizer(found.metadata, tokenizer, path);
  if (found.tokens !== tokens || found.documents !== documents || statSync(path).size !== bytes)
    throw shardProblem("corrupt", `${path} is not the shard that the manifest names.`);
  readSketches(directory, entry);
}

/** Whether all shards of an input are intact, so that they need not be built again. */
export function isWhole(directory: string, { shards }: InputEntry, tokenizer: TokenizerEntry): boolean {
  try {
    for (const shard of shards) checkShard(directory, shard, tokenizer);
    return true;
  } catch (error) {
    // Removed by another share's process, or damaged.
    if (error instanceof StoreError || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
