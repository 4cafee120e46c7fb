/** Progress of a build of an input, from which the next build continues. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { inFolder } from "./inFolder.ts";
import { type InputEntry, isInputEntry, type TokenizerEntry } from "./manifest.ts";
import { journalName } from "./ownFiles.ts";
import { isWhole } from "./shardCheck.ts";
import { readManifests } from "./storeManifest.ts";

/** State of a build of an input; kept in the folder until the manifest is written. */
interface Journal extends InputEntry {
  /** Accepted documents that are in finished shards. */
  readonly written: number;
  readonly finished: boolean;
}

/** Inputs of existing builds, whose shards can be reused if they are complete. */
export function knownInputs(directory: string): Map<string, InputEntry> {
  const inputs = readManifests(directory).manifests.flatMap(manifest => manifest.inputs);
  return new Map(inputs.map(input => [input.key, input]));
}

const journalFile = (directory: string, key: string) => join(directory, journalName(key));

/** @param tokenizer tokenizer of the shards that a build finished before it was stopped */
export function readJournal(
  directory: string,
  {
    key,
    name,
    tokenizer,
  }: { readonly key: string; readonly name: string; readonly tokenizer: TokenizerEntry },
): Journal {
  const fresh: Journal = { name, key, shards: [], dropped: {}, written: 0, finished: false };
  try {
    const value: unknown = JSON.parse(readFileSync(journalFile(directory, key), "utf8"));
    if (!isInputEntry(value) || !isWhole(directory, value, tokenizer)) return fresh;
    const { written, finished } = value as Partial<Journal>;
    return Number.isSafeInteger(written) && Number(written) >= 0
      ? { ...fresh, ...value, finished: finished === true }
      : fresh;
  } catch {
    return fresh; // It is missing or was cut off: the input is started again.
  }
}

export function writeJournal(directory: string, journal: Journal): void {
  const file = journalFile(directory, journal.key);
  inFolder(directory, () => writeWhole(file, JSON.stringify(journal)));
}

export const removeJournal = (directory: string, key: string): void =>
  rmSync(journalFile(directory, key), { force: true });

/** The manifest's entry of a finished input. */
export function entryOf({ name, key, shards, dropped, skipped, damage }: Journal): InputEntry {
  return { name, key, shards, dropped, ...(skipped && { skipped }), ...(damage && { damage }) };
}
