/**
 * Builds a store: read, filter, tokenize, sort, write. Every input gets its own shards, named by a hash of everything they
 * depend on, so a stopped build continues where it was, and a build with unchanged inputs has nothing to do. The manifest is
 * written last; until then the old store stays complete and in use.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { FORMAT_VERSION } from "../index/index.ts";
import { StoreError } from "../index.ts";
import { claimShare } from "./claims.ts";
import { Clock } from "./clock.ts";
import { makeDirectory, refuseForeign, removeEmpty, removeLeftovers, removeTemporaries } from "./folder.ts";
import { inFolder } from "./inFolder.ts";
import { entryOf, knownInputs, readJournal, removeJournal, writeJournal } from "./journal.ts";
import { type InputEntry, MANIFEST_VERSION, type Manifest, writeManifest } from "./manifest.ts";
import type { BuildInput, BuildOptions } from "./options.ts";
import { manifestName } from "./ownFiles.ts";
import { ShardBuilder } from "./shardBuilder.ts";
import { isWhole } from "./shardCheck.ts";
import { isMarked, markRepeated } from "./sketches.ts";
import {
  isEmptyBuild,
  isWholeBuild,
  nothingFound,
  readManifests,
  type StoreManifest,
  together,
} from "./storeManifest.ts";
import { type Taken, tokenizeAll } from "./tokenBuffer.ts";

/** Time between checks of a share that another process builds. */
const POLL_MS = 15_000;

/** Builds this process's share of a store and returns its manifest. Throws a `StoreError`. */
export async function buildStore(given: BuildOptions): Promise<Manifest> {
  const options = { ...given, inputs: distinct(given.inputs) };
  const { directory, share, inputs } = options;
  refuseForeign(directory);
  const isNew = makeDirectory(directory);
  const build = idOf(options);
  const claim = manifestName(build, share);
  const unlock = await claimed(options, claim);
  try {
    removeTemporaries(directory, claim);
    const known = knownInputs(directory);
    const mine = inputs.filter((_, index) => index % share.count === share.index);
    const clock = new Clock(options, mine);
    const entries: InputEntry[] = [];
    for (const input of mine) {
      const key = keyOf(input, options);
      const entry = takeOver(options, known.get(key)) ?? (await buildInput(input, key, options, clock));
      entries.push(entry);
      clock.finished(input, entry);
    }
    const manifest: Manifest = {
      format: "foretoken-datastore",
      version: MANIFEST_VERSION,
      build,
      name: options.name,
      created: new Date().toISOString(),
      tokenizer: options.tokenizerEntry,
      sources: options.sources,
      share,
      inputs: entries,
    };
    inFolder(directory, () => finish(directory, manifest));
    removeLeftovers(directory, { mine: entries, build, claim });
    return manifest;
  } finally {
    unlock();
    if (isNew) removeEmpty(directory);
  }
}

/** Each input once: sources may name a file several times, and all documents of shards listed twice would be repeated ones. */
const distinct = (inputs: readonly BuildInput[]): BuildInput[] => [
  ...new Map(inputs.map(input => [input.identity, input])).values(),
];

/**
 * Writes the manifest. Whoever finishes the last share marks repeated documents before the store is complete, or fails if no
 * share has a document: the store that was built before then stays in use.
 */
function finish(directory: string, manifest: Manifest): void {
  const { build, share } = manifest;
  const shares = () => readManifests(directory).manifests.filter(each => each.build === build);
  const others = shares().filter(each => each.share.index !== share.index);
  const store = together([...others, manifest]);
  if (isEmptyBuild(store)) throw refused(directory, manifest, store);
  if (isWholeBuild(store)) markRepeated(directory, store);
  writeManifest(directory, manifest);
  if (isWholeBuild(store)) return;
  // Another process may have finished its share meanwhile without having seen this one.
  const now = together(shares());
  if (isEmptyBuild(now)) {
    rmSync(join(directory, manifestName(build, share)), { force: true });
    throw refused(directory, manifest, now);
  }
  if (isWholeBuild(now) && !isMarked(directory, build)) markRepeated(directory, now);
}

/**
 * Claims a share. If there are several shares, it waits while another process works on this one: a scheduler that has lost
 * track of a task starts it again, while the first attempt may still run or its claim may outlive its machine.
 */
async function claimed(
  { directory, share, signal, onWaiting, pollMs = POLL_MS }: BuildOptions,
  claim: string,
): Promise<() => void> {
  for (let isFirst = true; ; isFirst = false) {
    throwIfCancelled(signal);
    try {
      return claimShare(directory, claim);
    } catch (error) {
      if (share.count === 1 || !(error instanceof StoreError) || error.problem.code !== "busy") throw error;
      if (isFirst) onWaiting?.(error.problem.message);
    }
    // A cancellation is noticed at the start of the loop.
    await setTimeout(pollMs, undefined, { signal }).catch(() => {});
  }
}

/**
 * An input whose shards are in the store already. Its journal keeps other shares' processes from removing them if no
 * manifest names them for a while; shards that one has removed before, or that are damaged, are built again.
 */
function takeOver(
  { directory, tokenizerEntry: tokenizer }: BuildOptions,
  entry: InputEntry | undefined,
): InputEntry | undefined {
  if (!entry) return undefined;
  const written = entry.shards.reduce((sum, { documents }) => sum + documents, 0);
  writeJournal(directory, { ...entry, written, finished: true });
  return isWhole(directory, entry, tokenizer) ? entry : undefined;
}

/** Removes the journals of a build without documents. @returns why it fails */
function refused(directory: string, { inputs }: Manifest, store: StoreManifest): StoreError {
  for (const { key } of inputs) removeJournal(directory, key);
  return nothingFound(store);
}

/** Hash of everything that an input's shards depend on. */
function keyOf({ identity }: BuildInput, { filter, tokenizerEntry, memoryBytes }: BuildOptions): string {
  return hash([identity, filter.identity, tokenizerEntry.fingerprint, FORMAT_VERSION, memoryBytes]);
}

/** Hash of everything that a store depends on: the keys of its inputs, and the number of shares. */
function idOf(options: BuildOptions): string {
  return hash([options.share.count, ...options.inputs.map(input => keyOf(input, options))]);
}

const hash = (parts: readonly (string | number)[]) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);

/** Builds the shards of one input, continuing after those that an earlier build has written. */
async function buildInput(
  input: BuildInput,
  key: string,
  options: BuildOptions,
  clock: Clock,
): Promise<InputEntry> {
  const { directory, filter, tokenizer, signal } = options;
  let journal = readJournal(directory, { key, name: input.name, tokenizer: options.tokenizerEntry });
  if (journal.finished) return entryOf(journal);
  // From now on no other share's process removes the shards as leftovers.
  writeJournal(directory, journal);
  const inputFilter = filter.forInput();
  const dropped: Record<string, number> = {};
  const passedOver = new PassedOver();
  let taken = 0;
  const wanted = async function* (): AsyncGenerator<Taken> {
    const documents = input.documents(
      signal,
      bytes => clock.read(input, bytes),
      (reason, damaged) => passedOver.add(reason, damaged),
    );
    for await (const document of documents) {
      throwIfCancelled(signal);
      const judged = inputFilter.judge(document);
      if (judged.kind === "dropped") dropped[judged.reason] = (dropped[judged.reason] ?? 0) + 1;
      else if (++taken > journal.written) yield { document, sketch: judged.sketch };
    }
  };
  const builder = new ShardBuilder(input, key, options, clock);
  const flush = async (finished: boolean) => {
    const shard = await builder.write(journal.shards.length);
    const written = journal.written + (shard?.documents ?? 0);
    journal = { ...journal, shards: shard ? [...journal.shards, shard] : journal.shards, written, finished };
    writeJournal(directory, finished ? { ...journal, dropped, ...passedOver.entry } : journal);
  };
  try {
    for await (const { taken: next, tokens } of tokenizeAll(wanted(), tokenizer)) {
      throwIfCancelled(signal);
      if (!builder.hasRoom(tokens)) await flush(false);
      builder.add(next, tokens);
      clock.took(tokens.length);
    }
    await flush(true);
  } catch (error) {
    if (journal.shards.length === 0) removeJournal(directory, key);
    throw error;
  }
  return { name: input.name, key, shards: journal.shards, dropped, ...passedOver.entry };
}

/** A cancelled build keeps what it has written, and its error says so. */
function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new StoreError({
    code: "cancelled",
    message: "The build was cancelled.",
    remedy: "Start it again: it continues where it stopped.",
  });
}

/** Most damaged parts of an input that are named. */
const NAMED_DAMAGE = 10;

/** Counts the parts of an input that never became a document, and names the damaged ones. */
class PassedOver {
  private readonly skipped: Record<string, number> = {};
  private readonly names: string[] = [];
  private count = 0;

  add(reason: string, damaged: string | undefined): void {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + 1;
    if (damaged === undefined) return;
    this.count++;
    if (this.names.length < NAMED_DAMAGE) this.names.push(damaged);
  }

  get entry(): Pick<InputEntry, "skipped" | "damage"> {
    const { skipped, count, names } = this;
    return {
      ...(Object.keys(skipped).length > 0 && { skipped }),
      ...(count > 0 && { damage: { count, names } }),
    };
  }
}
