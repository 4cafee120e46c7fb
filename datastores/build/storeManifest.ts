/**
 * The store in a folder. One that several processes built, each its share of the inputs, has a manifest of each; those of one build are
 * together the store. Shares of a later build lie beside it until they are all there, and then take its place.
 */
import { basename, join } from "node:path";
import { StoreError } from "../index.ts";
import {
  type Damage,
  type InputEntry,
  type Manifest,
  manifestFiles,
  NO_DAMAGE,
  readManifest,
  type ShardEntry,
} from "./manifest.ts";

/** The manifests of all shares of a build as one. */
export interface StoreManifest extends Manifest {
  readonly shards: readonly ShardEntry[];
  /** Documents left out of the whole store, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What was passed over in all inputs that is no document, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly damage: Damage;
  /** Shares whose manifest is not there (yet). */
  readonly missingShares: readonly number[];
}

interface Manifests {
  readonly manifests: readonly Manifest[];
  /** What is wrong with those that cannot be read, by file name. */
  readonly damaged: ReadonlyMap<string, StoreError>;
}

/** Reads all manifests of a folder. Throws a `StoreError` where the folder cannot be read. */
export function readManifests(directory: string): Manifests {
  const manifests: Manifest[] = [];
  const damaged = new Map<string, StoreError>();
  for (const name of manifestFiles(directory)) {
    try {
      manifests.push(readManifest(join(directory, name)));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      damaged.set(name, error);
    }
  }
  return { manifests, damaged };
}

/** The builds that manifests are of, the one begun last at the end. */
export function buildsOf(manifests: readonly Manifest[]): StoreManifest[] {
  const ids = [...new Set(manifests.map(({ build }) => build))];
  return ids
    .map(id => together(manifests.filter(({ build }) => build === id)))
    .sort((a, b) => (a.created < b.created ? -1 : 1));
}

interface Builds {
  /** The store in use: the last build that has all its shares, or, where none has, the one begun last. */
  readonly store: StoreManifest;
  /** The build begun last: the store, or one that is to take its place. */
  readonly last: StoreManifest;
  readonly damaged: Manifests["damaged"];
}

/** The builds in a folder that count. Throws a `StoreError` where there is no store, or none that can be read. */
export function readBuilds(directory: string): Builds {
  const { manifests, damaged } = readManifests(directory);
  const builds = buildsOf(manifests);
  const last = builds.at(-1);
  const whole = builds.findLast(isWholeBuild);
  const [problem] = damaged.values();
  if (!whole && problem) throw problem;
  if (!last) throw noStore(directory);
  return { store: whole ?? last, last, damaged };
}

/** The store in a folder. Throws as `readBuilds` does. */
export const readStore = (directory: string): StoreManifest => readBuilds(directory).store;

export const noStore = (directory: string) =>
  new StoreError({
    code: "missing",
    message: `There is no datastore in ${directory}.`,
    remedy:
      "Give the folder of a store, as foretoken datastore list shows them, or build one: foretoken datastore build.",
  });

export const isWholeBuild = ({ missingShares }: StoreManifest): boolean => missingShares.length === 0;

/** The manifests of shares of one build as one. */
export function together(manifests: readonly Manifest[]): StoreManifest {
  const [first] = manifests as readonly [Manifest];
  const present = new Set(manifests.map(({ share }) => share.index));
  const inputs = inOrder(manifests);
  return {
    ...first,
    created: manifests.map(({ created }) => created).sort()[0],
    inputs,
    shards: inputs.flatMap(({ shards }) => shards),
    dropped: summed(inputs.map(({ dropped }) => dropped)),
    skipped: summed(inputs.map(({ skipped = {} }) => skipped)),
    damage: {
      count: inputs.reduce((sum, { damage = NO_DAMAGE }) => sum + damage.count, 0),
      names: inputs.flatMap(({ name, damage = NO_DAMAGE }) =>
        damage.names.map(place => placeIn(name, place)),
      ),
    },
    missingShares: Array.from({ length: first.share.count }, (_, index) => index).filter(
      index => !present.has(index),
    ),
  };
}

/** The inputs of all shares, of which each has every `count`-th, in the order of the source. */
function inOrder(manifests: readonly Manifest[]): InputEntry[] {
  const numbered = manifests.flatMap(({ share, inputs }) =>
    inputs.map((input, i) => ({ input, number: i * share.count + share.index })),
  );
  return numbered.sort((a, b) => a.number - b.number).map(({ input }) => input);
}

/** Counts of several parts, by reason. */
export function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [reason, count] of counts.flatMap(Object.entries<number>))
    sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

/** A place in an input, with the input's name where the place is without. */
const placeIn = (input: string, place: string) =>
  place.includes(basename(input)) ? place : `${input}, ${place}`;
