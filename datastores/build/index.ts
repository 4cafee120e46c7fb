export { buildStore } from "./build.ts";
export { isBuilding } from "./claims.ts";
export { leftOutText } from "./leftOut.ts";
export { MOST_SHARES } from "./manifest.ts";
export type { BuildInput, BuildProgress, DocumentFilter } from "./options.ts";
export { repeatedIn } from "./sketches.ts";
export { readBuilds, readStore, type StoreManifest } from "./storeManifest.ts";
export {
  addTombstones,
  listStores,
  openStore,
  removedFrom,
  removeStore,
  sourcesOf,
  stampOfStores,
  verifyStore,
} from "./stores.ts";
export type { BatchTokenizer } from "./tokenBuffer.ts";
