export { type BuildInput, type BuildProgress, buildStore, type DocumentFilter } from "./build.ts";
export { readStore, type StoreManifest } from "./manifest.ts";
export {
  addTombstones,
  isBuilding,
  listStores,
  openStore,
  removedFrom,
  removeStore,
  verifyStore,
} from "./stores.ts";
export type { BatchTokenizer } from "./tokenBuffer.ts";
