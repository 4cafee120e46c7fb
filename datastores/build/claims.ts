/**
 * Controls who may write to a store's folder: any number of builds, each of a different share, or one process that changes
 * or removes the whole store.
 */
import { isLocked, lock, lockedNames, refuseLocked } from "../index.ts";
import { inFolder } from "./inFolder.ts";
import { manifestName, WHOLE_CLAIM } from "./ownFiles.ts";

/** Whether a process builds a store of a single share in the folder. */
export const isBuilding = (directory: string): boolean => isLocked(directory, manifestName("", ALL));

const ALL = { index: 0, count: 1 };

/** Claims a share by its name. Throws a `StoreError` of code `busy` while another process has it, or the whole store. */
export function claimShare(directory: string, claim: string): () => void {
  return inFolder(directory, () => {
    const unlock = lock(directory, claim);
    try {
      // Checked after its own claim, as in `withoutBuilds`: of two simultaneous claims at least one sees the other.
      refuseLocked(directory, WHOLE_CLAIM, "change of the store");
    } catch (error) {
      unlock();
      throw error;
    }
    return unlock;
  });
}

/** Runs `work` while no build runs in the folder. Throws a `StoreError` of code `busy` if one does. */
export function withoutBuilds<T>(directory: string, work: () => T): T {
  const unlock = inFolder(directory, () => lock(directory, WHOLE_CLAIM, "change of the store"));
  try {
    for (const name of lockedNames(directory)) if (name !== WHOLE_CLAIM) refuseLocked(directory, name);
    return work();
  } finally {
    unlock();
  }
}

/** Whether no process except the one with this claim works in the folder. */
export const isAlone = (directory: string, claim: string): boolean =>
  lockedNames(directory).every(name => name === claim);
