/**
 * What a store's folder holds. A build writes its manifest last and by renaming, so a shard that no manifest
 * names is not part of the store. A store built by several processes, each its share of the inputs, has a
 * manifest of each; together they are the store.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { shardProblem } from "../index/index.ts";
import { codeOf, messageOf, StoreError } from "../index.ts";
import { MANIFEST_NAME } from "./ownFiles.ts";

export const MANIFEST_VERSION = 1;

export interface ShardEntry {
  /** File name inside the store's folder. */
  readonly file: string;
  readonly tokens: number;
  readonly documents: number;
  /** Size of the shard's file. */
  readonly bytes: number;
  /** UTF-8 bytes of the texts in it. */
  readonly textBytes: number;
}

/** What has become of one input of a source: a file, or a folder with all that is in it. */
export interface InputEntry {
  readonly name: string;
  /** Names the input's content and all that its shards depend on: an equal key means equal shards. */
  readonly key: string;
  readonly shards: readonly ShardEntry[];
  /** How many documents were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** How often something was passed over that is no document, by reason; absent where nothing was. */
  readonly skipped?: Readonly<Record<string, number>>;
  readonly damage?: Damage;
}

/** What was passed over because it is damaged: lines, pages, files. */
interface Damage {
  readonly count: number;
  /** The first of them. */
  readonly names: readonly string[];
}

export interface TokenizerEntry {
  readonly fingerprint: string;
  readonly vocabularySize: number;
  /** The model it was taken from, for people. */
  readonly model: string;
}

export interface Manifest {
  readonly format: "foretoken-datastore";
  readonly version: number;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly tokenizer: TokenizerEntry;
  /** The sources as they were asked for. */
  readonly sources: readonly string[];
  /** Which share of the inputs this manifest is about. */
  readonly share: { readonly index: number; readonly count: number };
  readonly inputs: readonly InputEntry[];
}

/** A whole store: the manifests of all its shares as one. */
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

const digits = (value: number, count: number) => String(value).padStart(String(count).length, "0");

export const manifestName = ({ index, count }: Manifest["share"]) =>
  count === 1 ? "manifest.json" : `manifest-${digits(index, count)}-of-${count}.json`;

/** Processes that build a store together at most: a damaged number must not ask for gigabytes. */
export const MOST_SHARES = 1 << 16;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === "string";

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { name, created, tokenizer, sources, share, inputs } = value as Partial<Manifest>;
  return (
    isText(name) &&
    isText(created) &&
    isText(tokenizer?.fingerprint) &&
    isText(tokenizer.model) &&
    isCount(tokenizer.vocabularySize) &&
    Array.isArray(sources) &&
    sources.every(isText) &&
    isCount(share?.count) &&
    share.count <= MOST_SHARES &&
    isCount(share.index) &&
    share.index < share.count &&
    Array.isArray(inputs) &&
    inputs.every(isInputEntry)
  );
}

function isShardEntry(value: unknown): value is ShardEntry {
  if (typeof value !== "object" || value === null) return false;
  const { file, tokens, documents, bytes, textBytes } = value as Partial<ShardEntry>;
  // A name with a folder in it would read, and remove, what is not the store's.
  const isName = isText(file) && /^[\w-][\w.-]*$/.test(file);
  return isName && [tokens, documents, bytes, textBytes].every(isCount);
}

/** Whether a value read from a file is what a build has written of an input. */
export function isInputEntry(value: unknown): value is InputEntry {
  if (typeof value !== "object" || value === null) return false;
  const { name, key, shards, dropped, skipped = {}, damage = NO_DAMAGE } = value as Partial<InputEntry>;
  return (
    isText(name) &&
    isText(key) &&
    areCounts(dropped) &&
    areCounts(skipped) &&
    isCount(damage?.count) &&
    Array.isArray(damage.names) &&
    damage.names.every(isText) &&
    Array.isArray(shards) &&
    shards.every(isShardEntry)
  );
}

const NO_DAMAGE: Damage = { count: 0, names: [] };

const areCounts = (value: unknown) =>
  typeof value === "object" && value !== null && Object.values(value).every(isCount);

/** Throws a `StoreError`, of code `foreign` where the file is another program's. */
export function readManifest(path: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw shardProblem("corrupt", `${path} is damaged: ${messageOf(error)}.`);
  }
  const { format, version } = (value ?? {}) as Partial<Manifest>;
  if (format !== "foretoken-datastore")
    throw new StoreError({
      code: "foreign",
      message: `${path} is not a datastore's manifest.`,
      remedy: "Choose a folder that is empty or holds a datastore.",
    });
  if (version !== MANIFEST_VERSION)
    throw shardProblem(
      "version",
      `${path} has version ${version}; this Foretoken reads ${MANIFEST_VERSION}.`,
    );
  if (!isManifest(value)) throw shardProblem("corrupt", `${path} is damaged: it lacks what a manifest has.`);
  return value;
}

/** File names of the manifests in a folder; none where there is no folder. */
export function manifestFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter(name => MANIFEST_NAME.test(name))
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw shardProblem("unreadable", `${directory} cannot be read: ${messageOf(error)}.`);
  }
}

/** The store in a folder. Throws a `StoreError` where there is none, or its parts do not belong together. */
export function readStore(directory: string): StoreManifest {
  const manifests = manifestFiles(directory).map(name => readManifest(join(directory, name)));
  const [first] = manifests;
  if (!first) throw shardProblem("missing", `There is no datastore in ${directory}.`);
  const { count } = first.share;
  for (const { tokenizer, share } of manifests)
    if (tokenizer.fingerprint !== first.tokenizer.fingerprint || share.count !== count)
      throw shardProblem("corrupt", `The manifests in ${directory} are of different builds.`);
  const present = new Set(manifests.map(({ share }) => share.index));
  const inputs = inOrder(manifests);
  return {
    ...first,
    created: manifests.map(({ created }) => created).sort()[0],
    sources: [...new Set(manifests.flatMap(({ sources }) => sources))],
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
    missingShares: Array.from({ length: count }, (_, index) => index).filter(index => !present.has(index)),
  };
}

/** The inputs of all shares, of which each has every so-manieth, in the order of the source. */
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

/** Puts a build's manifest in place, the old one's being replaced in the same moment. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const path = join(directory, manifestName(manifest.share));
  // A store of fewer or more shares is another build: its manifests must not be read along with this one.
  const beforeRename = () => {
    for (const name of manifestFiles(directory))
      if (Number(MANIFEST_NAME.exec(name)?.[1] ?? 1) !== manifest.share.count) rmSync(join(directory, name));
  };
  writeWhole(path, `${JSON.stringify(manifest, null, 1)}\n`, { beforeRename });
}
