/**
 * The cost of searching the datastore at several sizes, in memory and from a file in the page cache, and the cost of
 * REST's search over the same tokens in the same run. Contexts are text that is not in the index.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { DEPTH, Lookup, SEPARATOR, Store, writeShard } from "../../datastores/index/index.ts";
import { randomNumbers } from "../../server/draft/index.ts";
import { median, rounded, table } from "./figures.ts";
import {
  LONGEST_SPAN,
  RestSearch,
  SHORTEST_SPAN,
  SuffixFile,
  SuffixMemory,
  suffixArray,
} from "./restSearch.ts";
import { TURN_QUERIES, turns } from "./turns.ts";

/** The number of occurrences that are read, and of tokens of each. */
export const SAMPLES = 64;
export const CONTINUATION = 16;
/** Text after the largest index from which contexts are taken. */
const HELD_OUT_TOKENS = 1_000_000;
const SEED = 1;

export interface RetrievalOptions {
  /** Tokens to index, one row of the report each. */
  readonly sizes: readonly number[];
  readonly queries: number;
  /**
   * Documents joined by `SEPARATOR`: as many tokens as requested, or all if there are fewer. A larger count only appends.
   * A million tokens more than the largest size are requested, to take contexts from.
   */
  readonly tokens: Uint32Array | ((count: number) => Uint32Array);
  /** For the index files; a temporary folder by default. */
  readonly folder?: string;
  onLine?(line: string): void;
}

export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly mean: number;
}

/** The timings, each in microseconds per search. */
export const KINDS = [
  "memoryLookup",
  "memoryContinuations",
  "fileLookup",
  "fileContinuations",
  "restMemoryLookup",
  "restMemoryContinuations",
  "restFileLookup",
  "restFileContinuations",
] as const;
export type Kind = (typeof KINDS)[number];

export interface RetrievalRow {
  readonly tokens: number;
  readonly distinctTokens: number;
  /** Million tokens per second, on one thread. */
  readonly sortMillionsPerSecond: number;
  readonly writeMillionsPerSecond: number;
  readonly bytesPerToken: number;
  readonly residentBytesPerToken: number;
  readonly matchLengthMean: number;
  /** Share of contexts with a match of at least 4, 8 and 16 tokens. */
  readonly matchShares: readonly [number, number, number];
  readonly occurrencesMedian: number;
  readonly microseconds: Readonly<Record<Kind, Times>>;
  /** REST's median divided by ours, for the search alone. */
  readonly ratioMemory: number;
  readonly ratioFile: number;
  /** The same, including the reading of 64 continuations of 16 tokens. */
  readonly ratioFileContinuations: number;
  /** Contexts for which REST found another match length, with lengths counted as 0 or 2 to 16. */
  readonly disagreements: number;
  /** Contexts not counted as disagreements, because REST's match was longer only through occurrences at documents' ends. */
  readonly onlyAtEnds: number;
}

export interface RetrievalReport {
  readonly queries: number;
  readonly samples: number;
  readonly continuation: number;
  readonly rows: readonly RetrievalRow[];
}

export async function retrievalBench(options: RetrievalOptions): Promise<RetrievalReport> {
  const { sizes, queries, tokens: given } = options;
  const largest = Math.max(...sizes);
  const stream = typeof given === "function" ? given(largest + HELD_OUT_TOKENS) : given;
  if (stream.length < largest + 2 * DEPTH)
    throw new RangeError(`${stream.length} tokens leave no text beside an index of ${largest}.`);
  const contexts = heldOutContexts(stream.subarray(largest, largest + HELD_OUT_TOKENS), queries);
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "foretoken-retrieval-"));
  const rows: RetrievalRow[] = [];
  try {
    for (const size of sizes) {
      options.onLine?.(`${size} tokens: building`);
      rows.push(await measure(stream.subarray(0, size), contexts, folder, options));
    }
  } finally {
    if (!options.folder) rmSync(folder, { recursive: true, force: true });
  }
  return { queries: contexts.length, samples: SAMPLES, continuation: CONTINUATION, rows };
}

/** Contexts of 32 tokens inside one document each, drawn at random. */
function heldOutContexts(tokens: Uint32Array, count: number): Int32Array[] {
  const random = randomNumbers(SEED);
  const contexts: Int32Array[] = [];
  for (let tries = 0; contexts.length < count && tries < 100 * count; tries++) {
    const start = Math.floor(random() * (tokens.length - DEPTH));
    const context = tokens.subarray(start, start + DEPTH);
    if (!context.includes(SEPARATOR)) contexts.push(Int32Array.from(context));
  }
  if (contexts.length === 0)
    throw new RangeError(`The text beside the index has no ${DEPTH} tokens in a row.`);
  return contexts;
}

async function measure(
  tokens: Uint32Array,
  contexts: readonly Int32Array[],
  folder: string,
  options: RetrievalOptions,
): Promise<RetrievalRow> {
  let vocabularySize = 0;
  for (const token of tokens) if (token !== SEPARATOR && token >= vocabularySize) vocabularySize = token + 1;
  const path = join(folder, `retrieval-${tokens.length}.fts`);
  const metadata = {
    tokenizer: "",
    vocabularySize,
    textBytes: 0,
    source: "bench",
    created: "",
    builder: "bench",
  };
  const written = await writeShard(path, { tokens, documents: [], metadata });
  const restPath = join(folder, `rest-${tokens.length}.bin`);
  options.onLine?.(`${tokens.length} tokens: building REST's suffix array`);
  await turn();
  const suffixes = suffixArray(tokens);
  const file = Store.open([path]);
  const memory = Store.open([path], "memory");
  const rest = {
    memory: new RestSearch(new SuffixMemory(tokens, suffixes)),
    file: new RestSearch(SuffixFile.write(restPath, tokens, suffixes)),
  };
  try {
    options.onLine?.(`${tokens.length} tokens: searching ${contexts.length} contexts`);
    await turn();
    const microseconds = timeAll(searches(memory, file, rest), contexts);
    const compared = compare(new Lookup(memory, { samples: 0 }), rest.memory, tokens, contexts);
    const ratio = (a: Kind, b: Kind) => rounded(microseconds[a].p50 / microseconds[b].p50, 2);
    return {
      tokens: tokens.length,
      distinctTokens: written.distinct,
      sortMillionsPerSecond: rounded(tokens.length / written.sortMs / 1000, 2),
      writeMillionsPerSecond: rounded(tokens.length / written.writeMs / 1000, 2),
      bytesPerToken: rounded(written.bytes / tokens.length, 3),
      residentBytesPerToken: rounded(file.residentBytes / tokens.length, 3),
      ...compared,
      microseconds,
      ratioMemory: ratio("restMemoryLookup", "memoryLookup"),
      ratioFile: ratio("restFileLookup", "fileLookup"),
      ratioFileContinuations: ratio("restFileContinuations", "fileContinuations"),
    };
  } finally {
    file.close();
    rest.file.data.close();
    rmSync(path, { force: true });
    rmSync(restPath, { force: true });
  }
}

export type Search = (context: Int32Array) => void;

/** Our search of a store, including the reading of the text after at most `samples` occurrences. */
export function ownSearch(store: Store, samples: number): Search {
  const lookup = new Lookup(store, { samples, continuation: CONTINUATION });
  return context => lookup.find(context, context.length);
}

/** The port of REST's search, likewise. */
export function portedSearch(search: RestSearch, samples: number): Search {
  const continuations = new Int32Array(SAMPLES * CONTINUATION);
  return context => {
    search.find(context, context.length);
    if (samples > 0) search.continuations(samples, CONTINUATION, continuations);
  };
}

/** The microseconds that a search takes. */
export function timed(search: Search, context: Int32Array): number {
  const start = performance.now();
  search(context);
  return 1000 * (performance.now() - start);
}

function searches(
  memory: Store,
  file: Store,
  rest: { memory: RestSearch; file: RestSearch },
): Record<Kind, Search> {
  return {
    memoryLookup: ownSearch(memory, 0),
    memoryContinuations: ownSearch(memory, SAMPLES),
    fileLookup: ownSearch(file, 0),
    fileContinuations: ownSearch(file, SAMPLES),
    restMemoryLookup: portedSearch(rest.memory, 0),
    restMemoryContinuations: portedSearch(rest.memory, SAMPLES),
    restFileLookup: portedSearch(rest.file, 0),
    restFileContinuations: portedSearch(rest.file, SAMPLES),
  };
}

/** Times every search of every context, after a warm-up round that is not counted. */
function timeAll(all: Record<Kind, Search>, contexts: readonly Int32Array[]): Record<Kind, Times> {
  const times = {} as Record<Kind, number[]>;
  for (const kind of KINDS) {
    times[kind] = [];
    for (const context of contexts.slice(0, TURN_QUERIES)) all[kind](context);
  }
  for (const turn of turns(KINDS.length, contexts.length)) {
    const kind = KINDS[turn.kind] as Kind;
    for (const context of contexts.slice(turn.from, turn.to)) times[kind].push(timed(all[kind], context));
  }
  const result = {} as Record<Kind, Times>;
  for (const kind of KINDS) result[kind] = summary(times[kind]);
  return result;
}

function summary(values: readonly number[]): Times {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    p50: rounded(median(sorted), 2),
    p95: rounded(sorted[Math.floor(0.95 * (sorted.length - 1))] ?? Number.NaN, 2),
    mean: rounded(mean, 2),
  };
}

/** Whether both find the same matches, and how many matches there are to find. */
function compare(
  lookup: Lookup,
  rest: RestSearch,
  tokens: Uint32Array,
  contexts: readonly Int32Array[],
): Pick<
  RetrievalRow,
  "matchLengthMean" | "matchShares" | "occurrencesMedian" | "disagreements" | "onlyAtEnds"
> {
  let disagreements = 0;
  let onlyAtEnds = 0;
  const lengths: number[] = [];
  const occurrences: number[] = [];
  for (const context of contexts) {
    lookup.find(context, context.length);
    rest.find(context, context.length);
    lengths.push(lookup.matchLength);
    occurrences.push(lookup.occurrences);
    const length = Math.min(LONGEST_SPAN, lookup.matchLength);
    if ((length < SHORTEST_SPAN ? 0 : length) === rest.matchLength) continue;
    if (rest.matchLength > length && endsDocuments(rest, tokens)) onlyAtEnds++;
    else disagreements++;
  }
  const share = (least: number) =>
    rounded(lengths.filter(length => length >= least).length / lengths.length, 3);
  return {
    matchLengthMean: rounded(lengths.reduce((sum, length) => sum + length, 0) / lengths.length, 2),
    matchShares: [share(4), share(8), share(16)],
    occurrencesMedian: median(occurrences),
    disagreements,
    onlyAtEnds,
  };
}

/** Whether a document, or the stream, ends after every occurrence that REST found; our search does not count those. */
function endsDocuments({ data, low, high, matchLength }: RestSearch, tokens: Uint32Array): boolean {
  for (let index = low; index < high; index++) {
    const next = tokens[data.suffix(index) + matchLength];
    if (next !== undefined && next !== SEPARATOR) return false;
  }
  return true;
}

/** The report as a person reads it. */
export function retrievalTable({ rows, queries }: RetrievalReport): string {
  const millions = (tokens: number) => `${rounded(tokens / 1e6, 2)} M`;
  const spread = ({ p50, p95 }: Times) => `${p50.toFixed(1)} / ${p95.toFixed(1)}`;
  const figures: [string, (row: RetrievalRow) => string][] = [
    ["sorted, M tokens/s", row => row.sortMillionsPerSecond.toFixed(2)],
    ["bytes a token on disk", row => row.bytesPerToken.toFixed(2)],
    ["bytes a token in memory (file mode)", row => row.residentBytesPerToken.toFixed(2)],
    ["match length, mean", row => row.matchLengthMean.toFixed(2)],
    ["occurrences, median", row => String(row.occurrencesMedian)],
    ...KINDS.map((kind): [string, (row: RetrievalRow) => string] => [
      `${kind}, us p50 / p95`,
      row => spread(row.microseconds[kind]),
    ]),
    ["REST's port / ours, memory", row => `${row.ratioMemory.toFixed(1)}x`],
    ["REST's port / ours, file", row => `${row.ratioFile.toFixed(1)}x`],
    ["REST's port / ours, file, with continuations", row => `${row.ratioFileContinuations.toFixed(1)}x`],
    ["other lengths than REST", row => String(row.disagreements)],
    ["longer in REST at documents' ends only", row => String(row.onlyAtEnds)],
  ];
  return table(
    [`${queries} contexts`, ...rows.map(row => millions(row.tokens))],
    figures.map(([name, figure]) => [name, ...rows.map(figure)]),
  );
}
