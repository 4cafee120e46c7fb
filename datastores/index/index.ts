export type { DocumentEntry } from "./documents.ts";
export { FORMAT_VERSION, type ShardMetadata, sameBytes, sha256, shardProblem } from "./format.ts";
export { Lookup } from "./lookup.ts";
export { type Residence, Shard } from "./shard.ts";
export { DEPTH, prefixArray, SEPARATOR } from "./sort.ts";
export { Store } from "./store.ts";
export { tokenStream } from "./tokenStream.ts";
export { writeShard } from "./writer.ts";
