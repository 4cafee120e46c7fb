/**
 * Builds a store: read, filter, tokenize, sort, write. Every input becomes shards of its own, named after all
 * that they depend on, so a build that was stopped goes on where it was, and one whose inputs are unchanged
 * has nothing to do. The manifest comes last; until then the old store is whole and in use.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { type DocumentEntry, FORMAT_VERSION, writeShard } from "../index/index.ts";
import { codeOf, lock, messageOf, PRIVATE_FOLDER, type SourceDocument, StoreError } from "../index.ts";
import {
  type InputEntry,
  isInputEntry,
  MANIFEST_VERSION,
  type Manifest,
  manifestFiles,
  manifestName,
  readStore,
  type ShardEntry,
  summed,
  type TokenizerEntry,
  writeManifest,
} from "./manifest.ts";
import { type BatchTokenizer, TokenBuffer, tokenizeAll } from "./tokenBuffer.ts";

/** One file of a source, or a folder: what is read by one and the same process. */
export interface BuildInput {
  readonly name: string;
  /** Changes whenever the content does. */
  readonly identity: string;
  /** Its size, where that is known before it is read. */
  readonly bytes: number | undefined;
  /**
   * @param onSkipped is called for each thing that is passed over before it is a document, with the reason; of what
   * is damaged with its name as well
   */
  documents(
    signal: AbortSignal,
    onBytes: (read: number) => void,
    onSkipped: (reason: string, damaged: string | undefined) => void,
  ): AsyncIterable<SourceDocument>;
}

/** Decides which documents are taken. */
export interface DocumentFilter {
  /** Names the filter with all its options. */
  readonly identity: string;
  /** Why a document is left out; undefined where it is taken. */
  reject(document: SourceDocument): string | undefined;
}

export interface BuildProgress {
  readonly phase: "read" | "sort" | "write";
  readonly input: string;
  /** Inputs done, and of how many. */
  readonly inputsDone: number;
  readonly inputs: number;
  readonly documents: number;
  readonly tokens: number;
  /** Share of the whole work that is done, 0 to 1; undefined where sizes are not known. */
  readonly done: number | undefined;
  /** Milliseconds left at the rate so far. */
  readonly leftMs: number | undefined;
}

export interface BuildOptions {
  readonly directory: string;
  readonly name: string;
  /** The sources as they were asked for. */
  readonly sources: readonly string[];
  readonly inputs: readonly BuildInput[];
  readonly share: Manifest["share"];
  readonly filter: DocumentFilter;
  readonly tokenizer: BatchTokenizer;
  readonly tokenizerEntry: TokenizerEntry;
  /** What the tokens and the prefix array of the shard under construction may take. */
  readonly memoryBytes: number;
  readonly builder: string;
  readonly signal: AbortSignal;
  onProgress?(progress: BuildProgress): void;
}

/** A token and its place in the prefix array, with what growing an array takes for a moment. */
const BYTES_A_TOKEN = 12;
/** Smaller shards cost a search each and gain nothing, however little memory there is. */
const MIN_SHARD_TOKENS = 1 << 16;

/** Where a build of an input stands; kept in the folder until the manifest is written. */
interface Journal extends InputEntry {
  /** Documents taken that are in finished shards. */
  readonly written: number;
  readonly finished: boolean;
}

/** Builds this process's share of a store and returns its manifest. Throws a `StoreError`. */
export async function buildStore(options: BuildOptions): Promise<Manifest> {
  const { directory, share, inputs } = options;
  makeDirectory(directory);
  const unlock = inFolder(directory, () => lock(directory, manifestName(share)));
  try {
    if (share.count === 1) removeTemporaries(directory);
    const known = knownInputs(directory);
    const mine = inputs.filter((_, index) => index % share.count === share.index);
    const clock = new Clock(options, mine);
    const entries: InputEntry[] = [];
    for (const input of mine) {
      const key = keyOf(input, options);
      const entry = known.get(key) ?? (await buildInput(input, key, options, clock));
      entries.push(entry);
      clock.finished(input, entry);
    }
    const manifest: Manifest = {
      format: "foretoken-datastore",
      version: MANIFEST_VERSION,
      name: options.name,
      created: new Date().toISOString(),
      tokenizer: options.tokenizerEntry,
      sources: options.sources,
      share,
      inputs: entries,
    };
    if (entries.every(({ shards }) => shards.length === 0) && share.count === 1)
      throw nothingFound(options, entries);
    inFolder(directory, () => writeManifest(directory, manifest));
    removeLeftovers(directory, entries);
    return manifest;
  } finally {
    unlock();
  }
}

/** A store without documents would be searched for nothing: a build that finds none is a mistake in its options. */
function nothingFound({ sources }: BuildOptions, entries: readonly InputEntry[]): StoreError {
  const counts = entries.map(({ dropped, skipped = {} }) => ({ ...skipped, ...dropped }));
  const reasons = Object.entries(summed(counts)).map(([reason, count]) => `${reason} ${count}`);
  const why = reasons.length > 0 ? ` Left out: ${reasons.join(", ")}.` : "";
  return new StoreError({
    code: "empty",
    message: `${sources.join(", ")} has no documents that could be taken.${why}`,
    remedy: "Choose another source, or look at the filters.",
  });
}

/** Names what an input's shards depend on. */
function keyOf({ identity }: BuildInput, { filter, tokenizerEntry, memoryBytes }: BuildOptions): string {
  const parts = [identity, filter.identity, tokenizerEntry.fingerprint, FORMAT_VERSION, memoryBytes];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** Inputs of the store that is there whose shards can be taken over as they are. */
function knownInputs(directory: string): Map<string, InputEntry> {
  const known = new Map<string, InputEntry>();
  if (manifestFiles(directory).length === 0) return known;
  try {
    for (const input of readStore(directory).inputs)
      if (input.shards.every(({ file }) => existsSync(join(directory, file)))) known.set(input.key, input);
  } catch (error) {
    // A damaged store is what a build mends.
    if (!(error instanceof StoreError)) throw error;
  }
  return known;
}

const journalFile = (directory: string, key: string) => join(directory, `journal-${key}.json`);

function readJournal(directory: string, key: string, name: string): Journal {
  const fresh: Journal = { name, key, shards: [], dropped: {}, written: 0, finished: false };
  try {
    const value: unknown = JSON.parse(readFileSync(journalFile(directory, key), "utf8"));
    if (!isInputEntry(value) || !value.shards.every(({ file }) => existsSync(join(directory, file))))
      return fresh;
    const { written, finished } = value as Partial<Journal>;
    return Number.isSafeInteger(written) && Number(written) >= 0
      ? { ...fresh, ...value, finished: finished === true }
      : fresh;
  } catch {
    return fresh; // There is none, or it was cut off: the input is begun anew.
  }
}

function writeJournal(directory: string, journal: Journal): void {
  const file = journalFile(directory, journal.key);
  inFolder(directory, () => writeWhole(file, JSON.stringify(journal)));
}

/** Builds the shards of one input, going on after those that an earlier build has written. */
async function buildInput(
  input: BuildInput,
  key: string,
  options: BuildOptions,
  clock: Clock,
): Promise<InputEntry> {
  const { directory, filter, tokenizer, signal } = options;
  let journal = readJournal(directory, key, input.name);
  if (journal.finished) return journal;
  const dropped: Record<string, number> = {};
  const passedOver = new PassedOver();
  let taken = 0;
  const wanted = async function* () {
    const documents = input.documents(
      signal,
      bytes => clock.read(input, bytes),
      (reason, damaged) => passedOver.add(reason, damaged),
    );
    for await (const document of documents) {
      throwIfCancelled(signal);
      const reason = filter.reject(document);
      if (reason !== undefined) dropped[reason] = (dropped[reason] ?? 0) + 1;
      else if (++taken > journal.written) yield document;
    }
  };
  const builder = new ShardBuilder(input, key, options, clock);
  const flush = async (finished: boolean) => {
    const shard = await builder.write(journal.shards.length);
    const written = journal.written + (shard?.documents ?? 0);
    journal = { ...journal, shards: shard ? [...journal.shards, shard] : journal.shards, written, finished };
    writeJournal(directory, finished ? { ...journal, dropped, ...passedOver.entry } : journal);
  };
  for await (const { document, tokens } of tokenizeAll(wanted(), tokenizer)) {
    throwIfCancelled(signal);
    if (!builder.hasRoom(tokens)) await flush(false);
    builder.add(document, tokens);
    clock.took(tokens.length);
  }
  await flush(true);
  return { name: input.name, key, shards: journal.shards, dropped, ...passedOver.entry };
}

/** Damaged parts of an input that are named. */
const NAMED_DAMAGE = 10;

/** Counts what of an input never became a document, and names the damaged parts. */
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

/** The shard under construction. */
class ShardBuilder {
  private readonly tokens: TokenBuffer;
  private documents: DocumentEntry[] = [];
  private textBytes = 0;

  constructor(
    private readonly input: BuildInput,
    private readonly key: string,
    private readonly options: BuildOptions,
    private readonly clock: Clock,
  ) {
    this.tokens = new TokenBuffer(
      Math.max(MIN_SHARD_TOKENS, Math.floor(options.memoryBytes / BYTES_A_TOKEN)),
    );
  }

  hasRoom(tokens: Int32Array): boolean {
    return this.tokens.length === 0 || this.tokens.hasRoom(tokens.length + 1);
  }

  add({ text, origin, licences, repositories, contentId }: SourceDocument, tokens: Int32Array): void {
    if (this.tokens.length > 0) this.tokens.append(SEPARATOR);
    const start = this.tokens.length;
    this.tokens.append(tokens);
    this.documents.push({ start, length: tokens.length, origin, licences, repositories, contentId });
    this.textBytes += Buffer.byteLength(text);
  }

  /** Writes what there is as a shard, and begins the next; undefined when there is nothing. */
  async write(part: number): Promise<ShardEntry | undefined> {
    const { documents, textBytes, options, input } = this;
    if (documents.length === 0) return undefined;
    const file = `shard-${this.key}-${part}.fts`;
    const metadata = {
      tokenizer: options.tokenizerEntry.fingerprint,
      vocabularySize: options.tokenizerEntry.vocabularySize,
      textBytes,
      source: { input: input.name, sources: options.sources },
      created: new Date().toISOString(),
      builder: options.builder,
    };
    const { bytes, tokens } = await writeShard(
      join(options.directory, file),
      { tokens: this.tokens.view(), documents, metadata },
      { signal: options.signal, onProgress: ({ phase }) => this.clock.phase(phase) },
    );
    this.tokens.clear();
    this.documents = [];
    this.textBytes = 0;
    return { file, tokens, documents: documents.length, bytes, textBytes };
  }
}

const SEPARATOR = Int32Array.of(-1);

/** Reports how far a build is and how long it will take. */
class Clock {
  private readonly start = performance.now();
  private readonly totalBytes: number | undefined;
  private doneBytes = 0;
  private readBytes = 0;
  /** Bytes of inputs that were there already: they say nothing of the rate. */
  private skippedBytes = 0;
  private inputsDone = 0;
  private documents = 0;
  private tokens = 0;
  private current = "";
  private now: BuildProgress["phase"] = "read";

  constructor(
    private readonly options: BuildOptions,
    private readonly inputs: readonly BuildInput[],
  ) {
    const known = inputs.every(({ bytes }) => bytes !== undefined);
    this.totalBytes = known ? inputs.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) : undefined;
  }

  read({ name }: BuildInput, bytes: number): void {
    this.current = name;
    this.readBytes = bytes;
    this.phase("read");
  }

  took(tokens: number): void {
    this.documents++;
    this.tokens += tokens;
    if (this.documents % 256 === 0) this.report();
  }

  phase(phase: BuildProgress["phase"]): void {
    this.now = phase;
    this.report();
  }

  finished(input: BuildInput, { shards }: InputEntry): void {
    if (this.current !== input.name) this.skippedBytes += input.bytes ?? 0;
    this.doneBytes += input.bytes ?? 0;
    this.readBytes = 0;
    this.inputsDone++;
    if (this.current !== input.name) this.tokens += shards.reduce((sum, { tokens }) => sum + tokens, 0);
    this.report();
  }

  private report(): void {
    const { totalBytes } = this;
    const bytes = this.doneBytes + this.readBytes;
    const fresh = bytes - this.skippedBytes;
    const done = totalBytes ? Math.min(1, bytes / totalBytes) : undefined;
    const leftMs =
      totalBytes && fresh > 0
        ? ((performance.now() - this.start) / fresh) * Math.max(0, totalBytes - bytes)
        : undefined;
    this.options.onProgress?.({
      phase: this.now,
      input: this.current,
      inputsDone: this.inputsDone,
      inputs: this.inputs.length,
      documents: this.documents,
      tokens: this.tokens,
      done,
      leftMs,
    });
  }
}

/** A cancelled build keeps what it has written, and says so. */
function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new StoreError({
    code: "cancelled",
    message: "The build was cancelled.",
    remedy: "Begin it again: it goes on where it was.",
  });
}

/** For its owner alone: it will hold users' code. */
function makeDirectory(directory: string): void {
  inFolder(directory, () => mkdirSync(directory, { recursive: true, mode: PRIVATE_FOLDER }));
}

/** Runs what writes into the store's folder; what the disk refuses is reported with the folder's name. */
function inFolder<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const [code, message] = [codeOf(error), messageOf(error)];
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new StoreError(
      {
        code: full ? "noSpace" : "unreadable",
        message: full
          ? `There is no space left for ${directory}.`
          : `${directory} cannot be written: ${message}.`,
        remedy: full ? "Free space, or build in another folder." : "Choose a folder that can be written.",
      },
      { cause: error },
    );
  }
}

/** Removes what builds that were ended have left half written. */
function removeTemporaries(directory: string): void {
  inFolder(directory, () => {
    for (const file of readdirSync(directory))
      if (/^(?:shard|journal|manifest|tombstones)\b.*\.tmp(?:-\d+)?$/.test(file))
        rmSync(join(directory, file), { force: true });
  });
}

/** Removes shards and journals that belong to no manifest. A file that is open elsewhere may have to stay. */
function removeLeftovers(directory: string, mine: readonly InputEntry[]): void {
  const named = new Set(readStore(directory).shards.map(({ file }) => file));
  const finished = new Set(mine.map(({ key }) => key));
  const journals = readdirSync(directory).flatMap(file => /^journal-(\w+)\.json$/.exec(file)?.[1] ?? []);
  // What another share's process is about to put into its manifest has a journal.
  const underWay = journals.filter(key => !finished.has(key));
  for (const file of readdirSync(directory)) {
    const key = /^(?:shard|journal)-([0-9a-f]+)[-.]/.exec(file)?.[1];
    if (key === undefined || named.has(file) || underWay.includes(key)) continue;
    try {
      rmSync(join(directory, file), { force: true });
    } catch {
      // Removed by the next build.
    }
  }
}
