/** File names in a store's folder, by which its own files are recognised: no other file is ever removed. */
import { claimedName } from "../index.ts";

/** Names of shards or their sketches, and of journals; the first group is the input's key. */
const SHARD = /^shard-([0-9a-f]{16})-\d+\.(?:fts|sketches)$/;
const JOURNAL = /^journal-([0-9a-f]{16})\.json$/;
/** Name of the list of repeated documents; the first group is the build's id. */
const REPEATED = /^repeated-([0-9a-f]{16})\.json$/;
/** Name of the manifest of a whole build, or of one share of a build. */
const MANIFEST = /^manifest(?:-\d+-of-\d+-[0-9a-f]{16})?\.json$/;
/** Name of a file that is being written. */
const TEMPORARY = /^(.+?)\.(?:tmp-\d+|(?:\d+\.)?tmp)$/;

/** Name of the claim to the whole store. */
export const WHOLE_CLAIM = "store";
/** List of what was removed from a store whose shards still contain it. */
export const TOMBSTONES = "tombstones.json";

const digits = (value: number, count: number) => String(value).padStart(String(count).length, "0");

/** Shares of different builds lie beside each other until one build is complete. */
export const manifestName = (build: string, { index, count }: { index: number; count: number }) =>
  count === 1 ? "manifest.json" : `manifest-${digits(index, count)}-of-${count}-${build}.json`;
export const shardName = (key: string, part: number) => `shard-${key}-${part}.fts`;
export const journalName = (key: string) => `journal-${key}.json`;
export const repeatedName = (build: string) => `repeated-${build}.json`;

export const isManifestName = (file: string): boolean => MANIFEST.test(file);
/** The key of the input whose shard or journal a file is. */
export const shardKey = (file: string): string | undefined => SHARD.exec(file)?.[1];
export const journalKey = (file: string): string | undefined => JOURNAL.exec(file)?.[1];
/** The build whose repeated documents a file lists. */
export const repeatedBuild = (file: string): string | undefined => REPEATED.exec(file)?.[1];

/** Whether a file is a half-written one of a build that was ended. */
export function isTemporary(file: string): boolean {
  const written = TEMPORARY.exec(file)?.[1];
  return written !== undefined && (isManifestName(written) || isPart(written));
}

/** Whether a file, other than a manifest, is a store's own; claims of builds that have ended are, too. */
export const isOwnFile = (file: string): boolean =>
  isPart(file) ||
  isTemporary(file) ||
  isManifestName(claimedName(file) ?? "") ||
  // The claim to the whole store ends with the work that it is for.
  (claimedName(file) === WHOLE_CLAIM && file !== `${WHOLE_CLAIM}.lock`);

const isPart = (file: string) =>
  file === TOMBSTONES || SHARD.test(file) || JOURNAL.test(file) || REPEATED.test(file);
