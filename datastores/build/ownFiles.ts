/** What the files of a store's folder are called, and so which are its own: no other is ever removed. */

/** Of a shard or its sketches, and of the journal of an input; the first group is the input's key. */
const SHARD = /^shard-([0-9a-f]{16})-\d+\.(?:fts|sketches)$/;
const JOURNAL = /^journal-([0-9a-f]{16})\.json$/;
const LIST = /^(?:tombstones|repeated)\.json$/;
/** The group is the number of shares; absent: one. */
export const MANIFEST_NAME = /^manifest(?:-\d+-of-(\d+))?\.json$/;
/** Of a file that is being written. */
const TEMPORARY = /^(.+?)\.(?:tmp-\d+|(?:\d+\.)?tmp)$/;

export const shardName = (key: string, part: number) => `shard-${key}-${part}.fts`;
export const journalName = (key: string) => `journal-${key}.json`;

/** The key of the input that a file holds shards or the journal of. */
export const shardKey = (file: string): string | undefined => SHARD.exec(file)?.[1];
export const journalKey = (file: string): string | undefined => JOURNAL.exec(file)?.[1];

/** Whether a file is what a build that was ended has left half written. */
export function isTemporary(file: string): boolean {
  const written = TEMPORARY.exec(file)?.[1];
  return written !== undefined && (MANIFEST_NAME.test(written) || isPart(written));
}

/** Whether a file is one of a store beside its manifests. */
export const isOwnFile = (file: string): boolean => isPart(file) || isTemporary(file);

const isPart = (file: string) => SHARD.test(file) || JOURNAL.test(file) || LIST.test(file);
