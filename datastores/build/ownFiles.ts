/** What the files of a store's folder are called, and so which are its own: no other is ever removed. */

/** Of a shard or its sketches, and of the journal of an input; the first group is the input's key. */
const SHARD = /^shard-([0-9a-f]{16})-\d+\.(?:fts|sketches)$/;
const JOURNAL = /^journal-([0-9a-f]{16})\.json$/;
/** Of the documents that repeat another one; the first group is the build's id. */
const REPEATED = /^repeated-([0-9a-f]{16})\.json$/;
/** Of a whole build, or of one share of a build. */
const MANIFEST = /^manifest(?:-\d+-of-\d+-[0-9a-f]{16})?\.json$/;
/** Of a file that is being written. */
const TEMPORARY = /^(.+?)\.(?:tmp-\d+|(?:\d+\.)?tmp)$/;

/** Of what was removed from a store whose shards still have it. */
export const TOMBSTONES = "tombstones.json";

const digits = (value: number, count: number) => String(value).padStart(String(count).length, "0");

/** Shares of different builds lie beside each other until those of one build are all there. */
export const manifestName = (build: string, { index, count }: { index: number; count: number }) =>
  count === 1 ? "manifest.json" : `manifest-${digits(index, count)}-of-${count}-${build}.json`;
export const shardName = (key: string, part: number) => `shard-${key}-${part}.fts`;
export const journalName = (key: string) => `journal-${key}.json`;
export const repeatedName = (build: string) => `repeated-${build}.json`;

export const isManifestName = (file: string): boolean => MANIFEST.test(file);
/** The key of the input that a file holds shards or the journal of. */
export const shardKey = (file: string): string | undefined => SHARD.exec(file)?.[1];
export const journalKey = (file: string): string | undefined => JOURNAL.exec(file)?.[1];
/** The build whose repeated documents a file lists. */
export const repeatedBuild = (file: string): string | undefined => REPEATED.exec(file)?.[1];

/** Whether a file is what a build that was ended has left half written. */
export function isTemporary(file: string): boolean {
  const written = TEMPORARY.exec(file)?.[1];
  return written !== undefined && (isManifestName(written) || isPart(written));
}

/** Whether a file is one of a store beside its manifests; the claims of builds that have ended are, too. */
export const isOwnFile = (file: string): boolean =>
  isPart(file) ||
  isTemporary(file) ||
  (file.endsWith(".lock") && isManifestName(file.slice(0, -".lock".length)));

const isPart = (file: string) =>
  file === TOMBSTONES || SHARD.test(file) || JOURNAL.test(file) || REPEATED.test(file);
