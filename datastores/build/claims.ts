/**
 * Who may write to a store's folder: any number of builds, each of a share of its own, or one process that changes or removes the store
 * as a whole.
 */
import { isLocked, lock, lockedNames, refuseLocked } from "../index.ts";
import { inFolder } from "./inFolder.ts";
import { manifestName } from "./ownFiles.ts";

/** The claim to the store as a whole. */
const WHOLE = "store";

/** Whether a process builds a store in the folder, of a single share. */
export const isBuilding = (directory: string): boolean => isLocked(directory, manifestName("", ALL));

const ALL = { index: 0, count: 1 };

/** Claims what a share's manifest is named after. Throws a `StoreError` of code `busy` while it, or the whole store, is another process's. */
export function claimShare(directory: string, claim: string): () => void {
  return inFolder(directory, () => {
    const unlock = lock(directory, claim);
    try {
      // After its own claim, as `withoutBuilds` looks after its own: of two at the same moment one at least sees the other.
      refuseLocked(directory, WHOLE, "change of the store");
    } catch (error) {
      unlock();
      throw error;
    }
    return unlock;
  });
}

/** Runs `work` while no build is at work in the folder. Throws a `StoreError` of code `busy` where one is. */
export function withoutBuilds<T>(directory: string, work: () => T): T {
  const unlock = inFolder(directory, () => lock(directory, WHOLE, "change of the store"));
  try {
    for (const name of lockedNames(directory)) if (name !== WHOLE) refuseLocked(directory, name);
    return work();
  } finally {
    unlock();
  }
}

/** Whether no process but the one with this claim is at work in the folder. */
export const isAlone = (directory: string, claim: string): boolean =>
  lockedNames(directory).every(name => name === claim);
