/** `foretoken datastore`: builds, shows, checks, queries and removes stores. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  addTombstones,
  type BuildInput,
  type BuildProgress,
  buildStore,
  listStores,
  MOST_SHARES,
  openStore,
  readStore,
  removeStore,
  sourcesOf,
  verifyStore,
} from "../../datastores/build/index.ts";
import { Lookup } from "../../datastores/index/index.ts";
import { StoreError } from "../../datastores/index.ts";
import { ACCEPTED_SOURCES, type SourceSpec, termsOf } from "../../datastores/sources/index.ts";
import { type LlamaVocabulary, WordTokenizer } from "../engine/index.ts";
import { timeLeftText } from "../protocol/index.ts";
import {
  ArgumentsError,
  counted,
  defaultModelPath,
  interrupted,
  jsonText,
  memoryBytes,
  packageVersion,
  printable,
  refuseOtherOptions,
  refuseSurplus,
  storesDirectory,
  tokenizeWorkerScript,
  UsageError,
  whole,
  workUnread,
} from "../system/index.ts";
import { withLineFeeds } from "../text/index.ts";
import { filterFor, inputsOf, specOf } from "./sources.ts";
import { describe, figures, figuresOrProblem } from "./storeFigures.ts";
import { TokenizerPool } from "./tokenizerPool.ts";
import { withVocabulary } from "./withVocabulary.ts";

const MEGABYTE = 1 << 20;
/**
 * Default memory of a build for the tokens of a shard: each shard costs a search of its own. Machines that take shares from
 * each other must agree on it.
 */
const SHARE_MEMORY_MB = 1024;
const MOST_MEMORY_MB = 8192;

/** Powers of two: finished parts can only be reused by a build with the same number. */
function defaultMemoryMb(isShare: boolean): number {
  if (isShare) return SHARE_MEMORY_MB;
  const quarter = 2 ** Math.floor(Math.log2(memoryBytes() / 4 / MEGABYTE));
  return Math.min(MOST_MEMORY_MB, Math.max(SHARE_MEMORY_MB, quarter));
}

export const DATASTORE_USAGE = `  foretoken datastore build --source SOURCE [--source SOURCE ...] --out DIR [--name NAME] [--first N]
                            [--model PATH] [--column PATH]
                            [--shard I/N] [--memory MB] [--threads N] [--deny-list FILE]
                            [--progress]
      Builds a store to draft from. SOURCE: ${ACCEPTED_SOURCES}.
      --column PATH names the column or key that holds the text, with dots between nested names (text,
      messages.content); the texts of a list are the turns of a conversation. By default: content, or the turns in
      the forms of ShareGPT, UltraChat and OpenAI.
      --memory MB bounds a shard's tokens while it is built, 12 bytes each: by default a power of two
      up to a quarter of the machine's memory, ${SHARE_MEMORY_MB} to ${MOST_MEMORY_MB}, with --shard ${SHARE_MEMORY_MB}. Fewer shards make searches
      faster. --first N takes N files of a data set. An interrupted build continues where it stopped.
      --shard builds the I-th of N shares of the inputs (from 0); all shares together are the store. It waits for
      a share that another process is building. --progress prints JSON lines.
  foretoken datastore info DIR [--json]        What a store holds.
  foretoken datastore verify DIR               Checks that it is complete, and its checksums.
  foretoken datastore query DIR --text TEXT [--model PATH] [--json]
                                               What followed the end of TEXT in the store, and where.
  foretoken datastore list [FOLDER] [--json]   Stores below a folder, by default the command line's own.
  foretoken datastore remove DIR [--repository OWNER/NAME] [--owner OWNER] [--content ID]
      Removes a store; or, with options, what is from a repository, an owner or has a content id: at once and
      from every search, and for good with the next build.
`;

/** Time between lines of progress. */
const PROGRESS_MS = 200;

/** Options as `parseArgs` returns them. */
type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** The value of an option that is given once; undefined where it is not given. */
const text = (values: Values, name: string): string | undefined => {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
};

/** The share of `--shard I/N`, or of a scheduler's task number where the option is "auto". */
export function shareOf(given: string | undefined, environment: NodeJS.ProcessEnv) {
  if (given === undefined) return { index: 0, count: 1 };
  const [, index, count] = /^(auto|\d+)\/(\d+)$/.exec(given) ?? [];
  const task = environment.JOB_COMPLETION_INDEX ?? environment.SLURM_ARRAY_TASK_ID;
  const share = { index: Number(index === "auto" ? task : index), count: Number(count) };
  const valid =
    Number.isInteger(share.index) &&
    Number.isInteger(share.count) &&
    share.index >= 0 &&
    share.index < share.count &&
    share.count <= MOST_SHARES;
  if (!valid || (index === "auto" && task === undefined))
    throw new UsageError(
      `--shard must be I/N with I from 0 and below N, N at most ${MOST_SHARES}, or auto/N in an indexed job, got ${given}.`,
    );
  return share;
}

/** Builds a store, or one share of it. An interrupt ends the build; the next one reuses what is written so far. */
async function build(values: Values): Promise<void> {
  // A program that reads --progress wants no store once it is gone; the exit code then says that there is none.
  if (values.progress) process.exitCode = 1;
  else workUnread();
  const interrupt = interrupted("The build was interrupted. The same command continues where it stopped.");
  try {
    await buildAsAsked(values, interrupt);
    process.exitCode = 0;
  } catch (error) {
    if (error instanceof StoreError) {
      interrupt.throwIfAborted();
      if (values.progress)
        process.stdout.write(`${JSON.stringify({ phase: "failed", code: error.problem.code })}\n`);
    }
    throw error;
  }
}

async function buildAsAsked(values: Values, signal: AbortSignal): Promise<void> {
  const sources = Array.isArray(values.source) ? values.source.map(String) : [];
  const out = text(values, "out");
  if (sources.length === 0 || !out) throw new ArgumentsError("build needs --source and --out.");
  const model = resolve(text(values, "model") ?? defaultModelPath());
  const share = shareOf(text(values, "shard"), process.env);
  const memoryBytes = whole(values, "memory", defaultMemoryMb(share.count > 1), 16) * MEGABYTE;
  const threads = whole(values, "threads", Math.max(1, availableParallelism() - 1), 1);
  const tokenizerEntry = await withVocabulary(model, vocabulary => ({
    fingerprint: vocabulary.fingerprint,
    vocabularySize: vocabulary.size,
    model,
  }));
  const specs = sources.map(specOf);
  if (!values.progress) {
    for (const spec of specs) printTerms(spec);
    printReplacement(resolve(out), sources);
  }
  const downloads = join(resolve(out), "downloads");
  const first = whole(values, "first", Number.MAX_SAFE_INTEGER, 1);
  const inputs: BuildInput[] = [];
  for (const spec of specs)
    inputs.push(...(await inputsOf(spec, downloads, first, signal, text(values, "column"))));
  const tokenizer = new TokenizerPool(tokenizeWorkerScript(), model, threads);
  try {
    const manifest = await buildStore({
      directory: resolve(out),
      name: text(values, "name") ?? sources.join(", "),
      sources,
      inputs,
      share,
      filter: await filterFor(specs, text(values, "deny-list"), resolve(out)),
      tokenizer,
      tokenizerEntry,
      memoryBytes,
      builder: `foretoken ${packageVersion()}`,
      signal,
      onWaiting: who => process.stderr.write(`${printable(who)} Waiting for it.\n`),
      onProgress: values.progress
        ? printer(progress => jsonText(progress))
        : printer(progress => printable(reported(progress))),
    });
    const shards = manifest.inputs.flatMap(input => input.shards);
    const tokens = shards.reduce((sum, shard) => sum + shard.tokens, 0);
    if (!values.progress) process.stdout.write(`\n${describe(resolve(out))}`);
    else
      process.stdout.write(
        `${jsonText({ phase: "done", tokens, damage: readStore(resolve(out)).damage })}\n`,
      );
  } finally {
    await tokenizer.dispose();
  }
}

/** Says what happens to a store of other sources in the folder: nothing is added to it. */
function printReplacement(directory: string, sources: readonly string[]): void {
  const before = sourcesOf(directory);
  if (before.length > 0 && before.join() !== sources.join())
    process.stderr.write(
      `${printable(`${directory} holds a store of ${before.join(", ")}: it is replaced by one of ${sources.join(", ")}.`)} To keep both, name all sources.\n`,
    );
}

/** Prints the terms of a source before anything is read from it. */
function printTerms(spec: SourceSpec): void {
  const terms = termsOf(spec);
  if (terms) process.stdout.write(`${terms}\n\n`);
}

/** Prints progress, at most a few times a second. */
function printer(line: (progress: BuildProgress) => string): (progress: BuildProgress) => void {
  let last = 0;
  return progress => {
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    process.stdout.write(`${line(progress)}\n`);
  };
}

/** A line of progress for people; the time left is a guess from the speed so far. */
function reported({ phase, input, inputsDone, inputs, tokens, done, leftMs }: BuildProgress): string {
  const share = done === undefined ? "" : ` ${Math.round(100 * done)}%`;
  return `${phase}${share} ${input} (${inputsDone} of ${inputs} inputs), ${tokens} tokens${timeLeftText(leftMs)}`;
}

async function query(directory: string, values: Values): Promise<void> {
  const asked = text(values, "text");
  if (!asked) throw new ArgumentsError("query needs --text.");
  const store = openStore(directory);
  try {
    const answer = await withVocabulary(resolve(text(values, "model") ?? defaultModelPath()), vocabulary => {
      const expected = readStore(directory).tokenizer;
      if (vocabulary.fingerprint !== expected.fingerprint)
        throw new UsageError(
          `${directory} was built for the tokenizer of ${expected.model}: give that with --model.`,
        );
      const tokens = new WordTokenizer(vocabulary).tokenize(withLineFeeds(asked));
      const lookup = new Lookup(store, { samples: 10 });
      lookup.find(tokens, tokens.length);
      return {
        matchLength: lookup.matchLength,
        occurrences: lookup.occurrences,
        continuations: Array.from({ length: lookup.count }, (_, row) => ({
          matchLength: lookup.matchLengths[row],
          weight: lookup.weights[row],
          text: continuationText(lookup, row, vocabulary),
          origin: lookup.document(row)?.origin,
        })),
      };
    });
    if (values.json) {
      process.stdout.write(`${jsonText(answer, 2)}\n`);
      return;
    }
    const { matchLength: length, occurrences } = answer;
    process.stdout.write(
      length === 0
        ? "The text's last token does not occur.\n"
        : `The text's last ${counted(length, "token")}: ${counted(occurrences, "occurrence")}\n`,
    );
    for (const { matchLength, text: continuation, origin } of answer.continuations)
      process.stdout.write(`${matchLength}  ${jsonText(continuation)}  ${printable(origin ?? "")}\n`);
  } finally {
    store.close();
  }
}

/** A continuation as text; an incomplete character at its end becomes replacement characters. */
function continuationText(lookup: Lookup, row: number, vocabulary: LlamaVocabulary): string {
  const start = row * lookup.continuation;
  const tokens = lookup.continuations.subarray(start, start + lookup.continuation);
  return Buffer.concat(
    [...tokens].filter(token => token >= 0).map(token => vocabulary.bytes(token)),
  ).toString();
}

/** Prints the stores below a folder, with what each is made of. */
function list(folder: string, asJson: boolean): void {
  const found = listStores(folder).map(directory => ({ directory, ...figuresOrProblem(directory) }));
  if (asJson) {
    process.stdout.write(`${jsonText(found, 2)}\n`);
    return;
  }
  for (const store of found) {
    const figures =
      "problem" in store ? [store.problem] : [store.name, counted(store.tokens, "token"), store.created];
    process.stdout.write(`${printable([store.directory, ...figures].join("  "))}\n`);
  }
  if (found.length === 0) process.stdout.write(`There are no stores in ${printable(folder)}.\n`);
}

/** Removes a store, or with options only what they name, which is then left out of searches until the next build. */
function remove(directory: string, values: Values): void {
  const denied = ["repository", "owner", "content"].flatMap(kind => {
    const value = text(values, kind);
    if (value?.trim() === "") throw new UsageError(`--${kind} names nothing.`);
    return value === undefined ? [] : [value];
  });
  if (denied.length === 0) {
    removeStore(directory);
    return;
  }
  const count = addTombstones(directory, denied);
  process.stdout.write(
    count > 0
      ? `Left out from now on: ${counted(count, "document")}.\n`
      : `The store has no document of ${printable(denied.join(", "))}. Later builds leave them out.\n`,
  );
}

/** The options of each action. */
const ACTION_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  build: [
    ...["source", "out", "name", "model", "first", "column"],
    ...["shard", "memory", "threads", "deny-list", "progress"],
  ],
  info: ["json"],
  verify: [],
  query: ["text", "model", "json"],
  list: ["json"],
  remove: ["repository", "owner", "content"],
};

export async function datastore([action, ...args]: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      source: { type: "string", multiple: true },
      out: { type: "string" },
      name: { type: "string" },
      model: { type: "string" },
      first: { type: "string" },
      shard: { type: "string" },
      memory: { type: "string" },
      threads: { type: "string" },
      "deny-list": { type: "string" },
      progress: { type: "boolean" },
      json: { type: "boolean" },
      text: { type: "string" },
      column: { type: "string" },
      repository: { type: "string" },
      owner: { type: "string" },
      content: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help || action === "--help" || action === "-h") {
    process.stdout.write(`Usage:\n${DATASTORE_USAGE}`);
    return;
  }
  const allowed =
    action !== undefined && Object.hasOwn(ACTION_OPTIONS, action) ? ACTION_OPTIONS[action] : undefined;
  if (!allowed) throw new ArgumentsError(action ? `There is no action ${action}.` : "What shall be done?");
  refuseOtherOptions(values, allowed, `datastore ${action}`);
  refuseSurplus(positionals, action === "build" ? 0 : 1);
  const directory = () => {
    if (!positionals[0]) throw new ArgumentsError(`${action} needs the folder of a store.`);
    return resolve(positionals[0]);
  };
  try {
    switch (action) {
      case "build":
        return await build(values);
      case "info": {
        const store = directory();
        const reported = values.json ? `${jsonText(figures(store), 2)}\n` : describe(store);
        process.stdout.write(reported);
        return;
      }
      case "verify":
        verifyStore(directory());
        process.stdout.write("Every checksum is right.\n");
        return;
      case "query":
        return await query(directory(), values);
      case "list":
        return list(positionals[0] ? resolve(positionals[0]) : storesDirectory(), values.json === true);
      case "remove":
        return remove(directory(), values);
    }
  } catch (error) {
    if (error instanceof StoreError) throw new UsageError(error.message);
    // The user must fix what the file system refuses.
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (typeof syscall === "string" && /^E[A-Z0-9]+$/.test(code ?? "")) throw new UsageError(message);
    throw error;
  }
}
