/**
 * What a process has built of a store: the inputs of its share, and their shards. It is written last and by renaming, so a
 * shard that no manifest names is not part of the store.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { shardProblem } from "../index/index.ts";
import { fileError, isAbsence, messageOf, StoreError } from "../index.ts";
import { isManifestName, manifestName } from "./ownFiles.ts";

export const MANIFEST_VERSION = 2;

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

/** The result for one input of a source: a file, or a folder with everything in it. */
export interface InputEntry {
  readonly name: string;
  /** Hash of the input's content and everything that its shards depend on: equal keys mean equal shards. */
  readonly key: string;
  readonly shards: readonly ShardEntry[];
  /** How many documents were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** How many parts that are not documents were skipped, by reason; absent if none was. */
  readonly skipped?: Readonly<Record<string, number>>;
  readonly damage?: Damage;
}

/** Damaged parts that were skipped: lines, pages, files. */
export interface Damage {
  readonly count: number;
  /** Names of the first ones. */
  readonly names: readonly string[];
}

export interface TokenizerEntry {
  readonly fingerprint: string;
  readonly vocabularySize: number;
  /** The model that the tokenizer was taken from, for display. */
  readonly model: string;
}

export interface Manifest {
  readonly format: "foretoken-datastore";
  readonly version: number;
  /** Hash of everything that the build depends on, including its number of shares: shares with one id are one store. */
  readonly build: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly tokenizer: TokenizerEntry;
  /** The sources as the user gave them. */
  readonly sources: readonly string[];
  /** The share of the inputs that this manifest describes. */
  readonly share: { readonly index: number; readonly count: number };
  readonly inputs: readonly InputEntry[];
}

/** Most processes that build a store together: a damaged number must not cause gigabytes to be allocated. */
export const MOST_SHARES = 1 << 16;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === "string";

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { build, name, created, tokenizer, sources, share, inputs } = value as Partial<Manifest>;
  return (
    isText(build) &&
    /^[0-9a-f]{16}$/.test(build) &&
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
  // A name with a folder in it would read, and remove, files outside the store.
  const isName = isText(file) && /^[\w-][\w.-]*$/.test(file);
  return isName && [tokens, documents, bytes, textBytes].every(isCount);
}

/** Whether a value read from a file is a valid entry of an input. */
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

export const NO_DAMAGE: Damage = { count: 0, names: [] };

const areCounts = (value: unknown) =>
  typeof value === "object" && value !== null && Object.values(value).every(isCount);

/** Throws a `StoreError`, of code `foreign` if the file is another program's. */
export function readManifest(path: string): Manifest {
  let value: unknown;
  const text = textOf(path);
  try {
    value = JSON.parse(text);
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
      `${path} has version ${version}; this version of Foretoken reads ${MANIFEST_VERSION}.`,
    );
  if (!isManifest(value))
    throw shardProblem("corrupt", `${path} is damaged: fields of a manifest are missing.`);
  return value;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(error, path);
  }
}

/** File names of the manifests in a folder; none if there is no folder. */
export const manifestFiles = (directory: string): string[] =>
  namesIn(directory).filter(isManifestName).sort();

/** Names of a folder's files and folders; none if there is no folder. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw shardProblem("unreadable", `${directory} cannot be read: ${messageOf(error)}.`);
  }
}

/** Writes a share's manifest; it replaces an old one of the same build atomically. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const path = join(directory, manifestName(manifest.build, manifest.share));
  writeWhole(path, `${JSON.stringify(manifest, null, 1)}\n`);
}
