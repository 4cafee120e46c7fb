import { codeOf, messageOf, StoreError } from "../index.ts";

/** Runs work that writes into the store's folder; errors of the disk are reported with the folder's name. */
export function inFolder<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const [code, message] = [codeOf(error), messageOf(error)];
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new StoreError(
      {
        code: full ? "noSpace" : "unreadable",
        message: full
          ? `There is no space left for ${directory}.`
          : `${directory} cannot be written: ${message}.`,
        remedy: full ? "Free space, or build in another folder." : "Choose a folder that can be written.",
      },
      { cause: error },
    );
  }
}
