export {
  codeOf,
  isAbsence,
  messageOf,
  PRIVATE_FILE,
  type SourceDocument,
  StoreError,
  type StoreProblem,
} from "./document.ts";
export { claimedName, isLocked, lock, lockedNames, processIsAlive, refuseLocked } from "./lock.ts";
export { openNamed, READ_AT_ONCE, readNamed } from "./namedFile.ts";
export { fileError, storeError, throwIfCancelled } from "./problem.ts";
