/**
 * The store in a folder. If several processes built it, each has a manifest for its share of the inputs; the manifests of one
 * build together are the store. Shares of a later build are kept beside it until they are complete, and then replace it.
 */
import { basename, join } from "node:path";
import { StoreError } from "../index.ts";
import { leftOutText } from "./leftOut.ts";
import {
  type Damage,
  type InputEntry,
  type Manifest,
  manifestFiles,
  NO_DAMAGE,
  readManifest,
  type ShardEntry,
} from "./manifest.ts";

/** The manifests of all shares of a build, merged. */
export interface StoreManifest extends Manifest {
  readonly shards: readonly ShardEntry[];
  /** Documents left out of the whole store, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Parts of all inputs that are not documents and were skipped, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly damage: Damage;
  /** Shares without a manifest (yet). */
  readonly missingShares: readonly number[];
}

interface Manifests {
  readonly manifests: readonly Manifest[];
  /** The problems of manifests that cannot be read, by file name. */
  readonly damaged: ReadonlyMap<string, StoreError>;
}

/** Reads all manifests of a folder. Throws a `StoreError` if the folder cannot be read. */
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

/** The builds that manifests belong to, the latest last. */
export function buildsOf(manifests: readonly Manifest[]): StoreManifest[] {
  const ids = [...new Set(manifests.map(({ build }) => build))];
  return ids
    .map(id => together(manifests.filter(({ build }) => build === id)))
    .sort((a, b) => (a.created < b.created ? -1 : 1));
}

interface Builds {
  /** The store in use: the latest whole build or, if there is none, the latest build. */
  readonly store: StoreManifest;
  /** The latest build: the store, or one that will replace it. */
  readonly last: StoreManifest;
  readonly damaged: Manifests["damaged"];
}

/** The current builds in a folder. Throws a `StoreError` if there is no store, or none that can be read. */
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

/** Whether a build may be used: it has all its shares, and a document. */
export const isWholeBuild = ({ missingShares, shards }: StoreManifest): boolean =>
  missingShares.length === 0 && shards.length > 0;

/** Whether a build has all its shares and none of them a document. */
export const isEmptyBuild = ({ missingShares, shards }: StoreManifest): boolean =>
  missingShares.length === 0 && shards.length === 0;

/** Searching a store without documents is useless: a build that finds none is a mistake in its options. */
export function nothingFound({ sources, skipped, dropped }: StoreManifest): StoreError {
  const leftOut = leftOutText(summed([skipped, dropped]));
  const why = leftOut === "" ? "" : ` Left out: ${leftOut}.`;
  return new StoreError({
    code: "empty",
    message: `${sources.join(", ")} has no documents that could be taken.${why}`,
    remedy: "Choose another source, or check the filters.",
  });
}

/** Merges the manifests of one build's shares. */
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

/** The inputs of all shares in the order of the source; each share has every `count`-th input. */
function inOrder(manifests: readonly Manifest[]): InputEntry[] {
  const numbered = manifests.flatMap(({ share, inputs }) =>
    inputs.map((input, i) => ({ input, number: i * share.count + share.index })),
  );
  return numbered.sort((a, b) => a.number - b.number).map(({ input }) => input);
}

/** Counts of several parts, by reason. */
function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [reason, count] of counts.flatMap(Object.entries<number>))
    sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

/** A place in an input, with the input's name if the place does not contain it. */
const placeIn = (input: string, place: string) =>
  place.includes(basename(input)) ? place : `${input}, ${place}`;
