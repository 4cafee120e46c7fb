/** Searches one store in every available way: ours from file and memory, REST's as ported and as compiled. */
import { type Store, tokenStream } from "../../datastores/index/index.ts";
import { quantile } from "../../server/system/index.ts";
import { CompiledSearch } from "./compiledSearch.ts";
import { rounded, table } from "./figures.ts";
import { RestSearch, SuffixMemory, suffixArray } from "./restSearch.ts";
import { CONTINUATION, ownSearch, portedSearch, SAMPLES, type Search, timed } from "./retrieval.ts";
import { TURN_QUERIES, turns } from "./turns.ts";

/** 8 bytes a token in two processes. */
const MOST_TOKENS = 64_000_000;

export const WAYS = ["ours, file", "ours, memory", "REST's, our port", "REST's, compiled C++"] as const;
export type Way = (typeof WAYS)[number];

export interface SearchTimes {
  readonly way: Way;
  /** Microseconds of the search alone, and with reading 64 continuations of 16 tokens. */
  readonly search: { readonly p50: number; readonly p90: number };
  readonly continuations: { readonly p50: number; readonly p90: number };
}

export interface SearchReport {
  /** Number of tokens in REST's searches; ours has the whole store. */
  readonly tokens: number;
  readonly storeTokens: number;
  readonly contexts: number;
  readonly times: readonly SearchTimes[];
  /** Contexts for which the compiled search found another span or range than the port. */
  readonly differences: number;
}

/** Searches contexts [from, to): microseconds of each. */
type Run = (from: number, to: number) => Promise<readonly number[]>;
/** A way to search, by the number of occurrences to read. */
type Ways = (samples: number) => Run;

/**
 * @param folder for the compiled program and its data
 * @param contexts all of the same length, 16 tokens at least
 */
export async function searchBench(
  stores: { readonly file: Store; readonly memory: Store },
  contexts: readonly Int32Array[],
  folder: string,
  onStage: (stage: string) => void = () => {},
): Promise<SearchReport> {
  const tokens = tokenStream(stores.file, MOST_TOKENS);
  onStage(`sorting ${tokens.length} tokens`);
  const suffixes = suffixArray(tokens);
  onStage("compiling");
  const compiled = await CompiledSearch.start(folder, tokens, suffixes, contexts);
  try {
    const port = new RestSearch(new SuffixMemory(tokens, suffixes));
    const ways: Record<Way, Ways> = {
      "ours, file": samples => ran(contexts, ownSearch(stores.file, samples)),
      "ours, memory": samples => ran(contexts, ownSearch(stores.memory, samples)),
      "REST's, our port": samples => ran(contexts, portedSearch(port, samples)),
      "REST's, compiled C++": samples => async (from, to) =>
        (await compiled.find(from, to, samples, CONTINUATION)).map(({ microseconds }) => microseconds),
    };
    onStage("searching");
    const times = await timeAll(ways, contexts.length);
    return {
      tokens: tokens.length,
      storeTokens: stores.file.tokenCount,
      contexts: contexts.length,
      times,
      differences: await differences(port, compiled, contexts),
    };
  } finally {
    compiled.stop();
  }
}

const ran =
  (contexts: readonly Int32Array[], search: Search): Run =>
  async (from, to) =>
    contexts.slice(from, to).map(context => timed(search, context));

/** Times all ways in turn, after a turn of each that is not counted. */
async function timeAll(ways: Record<Way, Ways>, count: number): Promise<SearchTimes[]> {
  const kinds = WAYS.flatMap(way =>
    [0, SAMPLES].map(samples => ({ way, samples, run: ways[way](samples), times: [] as number[] })),
  );
  for (const { run } of kinds) await run(0, Math.min(count, TURN_QUERIES));
  for (const { kind, from, to } of turns(kinds.length, count)) {
    const { run, times } = kinds[kind] as (typeof kinds)[number];
    times.push(...(await run(from, to)));
  }
  const quantiles = (way: Way, samples: number) => {
    const times = kinds.find(kind => kind.way === way && kind.samples === samples)?.times ?? [];
    return { p50: rounded(quantile(times, 0.5), 2), p90: rounded(quantile(times, 0.9), 2) };
  };
  return WAYS.map(way => ({ way, search: quantiles(way, 0), continuations: quantiles(way, SAMPLES) }));
}

async function differences(
  port: RestSearch,
  compiled: CompiledSearch,
  contexts: readonly Int32Array[],
): Promise<number> {
  const answers = await compiled.find(0, contexts.length, 0, 0);
  return answers.filter(({ matchLength, low, high }, i) => {
    const context = contexts[i] as Int32Array;
    port.find(context, context.length);
    return port.matchLength !== matchLength || port.low !== low || port.high !== high;
  }).length;
}

export function searchTable({
  times,
  tokens,
  storeTokens,
  contexts,
  differences: other,
}: SearchReport): string {
  const cell = ({ p50, p90 }: SearchTimes["search"]) => `${p50.toFixed(1)} / ${p90.toFixed(1)}`;
  const rows = times.map(({ way, search, continuations }) => [way, cell(search), cell(continuations)]);
  return [
    table([`${contexts} contexts`, "search, us p50 / p90", "with 64 continuations"], rows),
    `a store of ${storeTokens} tokens, of which REST's searches have ${tokens}; the compiled search and the port differ for ${other} contexts`,
  ].join("\n");
}
