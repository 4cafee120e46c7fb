export { buildStore } from "./build.ts";
export { MOST_SHARES, readStore, type StoreManifest } from "./manifest.ts";
export type { BuildInput, BuildProgress, DocumentFilter } from "./options.ts";
export { repeatedIn } from "./sketches.ts";
export {
  addTombstones,
  isBuilding,
  listStores,
  openStore,
  removedFrom,
  removeStore,
  sourcesOf,
  verifyStore,
} from "./stores.ts";
export type { BatchTokenizer } from "./tokenBuffer.ts";
