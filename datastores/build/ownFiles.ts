/** Which files of a store's folder are its own, by their names: no other is ever removed. */

/** Of a shard or its sketches, and of the journal of an input; the first group is the input's key. */
const SHARD = /^shard-([0-9a-f]{16})-\d+\.(?:fts|sketches)$/;
const JOURNAL = /^journal-([0-9a-f]{16})\.json$/;
const LIST = /^(?:tombstones|repeated)\.json$/;
const MANIFEST = /^manifest(?:-\d+-of-\d+)?\.json$/;
/** Of a file that is being written. */
const TEMPORARY = /^(.+?)\.(?:tmp-\d+|(?:\d+\.)?tmp)$/;

/** The key of the input that a file holds shards or the journal of. */
export const shardKey = (file: string): string | undefined => SHARD.exec(file)?.[1];
export const journalKey = (file: string): string | undefined => JOURNAL.exec(file)?.[1];

/** Whether a file is what a build that was ended has left half written. */
export function isTemporary(file: string): boolean {
  const written = TEMPORARY.exec(file)?.[1];
  return written !== undefined && (MANIFEST.test(written) || isPart(written));
}

/** Whether a file is one of a store beside its manifests. */
export const isOwnFile = (file: string): boolean => isPart(file) || isTemporary(file);

const isPart = (file: string) => SHARD.test(file) || JOURNAL.test(file) || LIST.test(file);
