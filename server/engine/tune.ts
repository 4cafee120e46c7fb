/**
 * Measures how this machine runs this model: up to how many rows trees are exact, which number of threads is fastest, and
 * what decodes of each size cost. It takes a moment, so the results are kept per machine, model and back end.
 */

import { median } from "../system/index.ts";
import { CHUNK_SIZES, type EngineConfiguration } from "./configuration.ts";
import { CostModel, SIZES } from "./costModel.ts";
import { type Exactness, type ExactRows, findExactRows, type KnownRows } from "./exactness.ts";
import type { LlamaEngine } from "./llama.ts";
import { decodeChain, someTokens } from "./probing.ts";
import type { SavedState } from "./savedStates.ts";
import { EXACT_ROWS } from "./treeLimits.ts";

/** Tokens of context after which costs are measured. */
const CONTEXT_TOKENS = 384;
/** There is at least one round over all sizes, and more until this time has passed. */
const MEASURE_MS = 1_200;
const MAX_ROUNDS = 7;
/** Single rows after which the next one takes as long as in a long run of single rows. */
const SETTLED_AFTER = 8;
/** Single rows after a tree that are slower because of it; differences of later ones are noise. */
const SLOWED_ROWS = 4;
/** Longest time for rounds of a tree and these rows, and fewest rounds: the result of fewer is useless. */
const SLOWDOWN_MS = 500;
const MIN_SLOWDOWN_ROUNDS = 3;
/** Most that the rows after a tree may be slowed down together, in single rows: more is due to another program. */
const MAX_SLOWDOWN = 3;
/** Most that a chunk of a prompt may take, since an abort waits for it. */
const CHUNK_MS = 40;
/** Context and time for measuring a draft model, which decodes single tokens: short enough for a user's pause. */
const DRAFTER_CONTEXT_TOKENS = 128;
const DRAFTER_MEASURE_MS = 200;
/** Size at which thread counts are compared, besides a single row: a tree of ordinary size. */
const TYPICAL_SIZE = 4;

/** A size that costs more than this many single rows never pays, and larger ones are not measured. */
const TOO_DEAR = 8;

/** The results of an aborted tuning so far; the next one continues from there. */
export interface TuningProgress {
  prefillMsPerToken?: number | undefined;
  readonly knownRows: KnownRows;
  exact?: ExactRows | undefined;
  threads?: number | undefined;
  /** The context it was computing after. */
  context?: SavedState | undefined;
}

export const newProgress = (): TuningProgress => ({ knownRows: new Map() });

interface TuneOptions {
  /** Thread counts to choose from; one means that the user has chosen. */
  readonly threadChoices: readonly number[];
  readonly exactness: Exactness;
  /** Kept by the caller from attempt to attempt. */
  readonly progress?: TuningProgress;
}

/**
 * Tunes an idle engine and configures it with the result. Returns undefined when aborted: the engine then computes as
 * before, or already drafts if the size of exact trees is known. The engine's context is restored: a user who is typing
 * must not wait for a prompt that was computed already.
 */
export async function tune(
  engine: LlamaEngine,
  options: TuneOptions,
  signal: AbortSignal,
): Promise<EngineConfiguration | undefined> {
  const before = engine.configuration;
  const { progress = newProgress() } = options;
  let found: EngineConfiguration | undefined;
  await engine.settle();
  engine.decoder.followLoad(false);
  const prompt = engine.exchangeContext(progress.context);
  try {
    found = await findConfiguration(engine, { ...options, progress }, signal);
  } finally {
    const context = engine.exchangeContext(prompt);
    progress.context = found ? undefined : context;
    engine.limitRows(undefined);
    engine.configure(found ?? { ...before, ...progress.exact });
    engine.decoder.followLoad(true);
  }
  return found;
}

/**
 * Measures an idle engine that drafts: what single tokens and prompts cost it with as many threads as it has. Its
 * trees need not be exact. Returns false when aborted; it then computes as before. The context is lost.
 */
export async function tuneDrafter(engine: LlamaEngine, signal: AbortSignal): Promise<boolean> {
  const before = engine.configuration;
  const anySize = { ...before, rowPadding: 1, exactRows: EXACT_ROWS } as const;
  const context = someTokens(
    Math.min(DRAFTER_CONTEXT_TOKENS, engine.info.contextTokens >> 1),
    engine.vocabulary.size,
  );
  engine.configure(anySize);
  const prefillMsPerToken = await prefillSpeed(engine, context, signal);
  const sizes = [1, 2] as const;
  const times = prefillMsPerToken && (await measureSizes(engine, sizes, DRAFTER_MEASURE_MS, signal));
  engine.forget();
  if (!prefillMsPerToken || !times) {
    engine.configure(before);
    return false;
  }
  const costs = new CostModel();
  for (const [index, ms] of times.entries()) costs.set(sizes[index], context.length, ms);
  const chunkTokens = chunkFor(prefillMsPerToken);
  engine.configure({ ...anySize, prefillMsPerToken, chunkTokens, costs: costs.save() });
  return true;
}

/** The largest chunk of a prompt that takes no longer than an abort may wait. */
const chunkFor = (prefillMsPerToken: number) =>
  CHUNK_SIZES.findLast(size => size * prefillMsPerToken <= CHUNK_MS) ?? CHUNK_SIZES[0];

async function findConfiguration(
  engine: LlamaEngine,
  { threadChoices, exactness, progress }: TuneOptions & { readonly progress: TuningProgress },
  signal: AbortSignal,
): Promise<EngineConfiguration | undefined> {
  const contextTokens = Math.min(CONTEXT_TOKENS, engine.info.contextTokens >> 1);
  const context = someTokens(contextTokens, engine.vocabulary.size);
  progress.prefillMsPerToken ??= await prefillSpeed(engine, context, signal);
  const { prefillMsPerToken, knownRows } = progress;
  if (prefillMsPerToken === undefined) return undefined;
  progress.exact ??= await findExactRows(engine, exactness, prefillMsPerToken, knownRows, signal);
  const { exact } = progress;
  if (!exact) return undefined;
  engine.configure({ ...engine.configuration, ...exact });

  if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
  engine.limitRows(Math.max(exact.exactRows, TYPICAL_SIZE));
  progress.threads ??= await bestThreads(engine, threadChoices, signal);
  const { threads } = progress;
  if (threads === undefined) return undefined;
  engine.configure({ ...engine.configuration, threads });
  const sizes = SIZES.filter(size => size <= engine.room());
  const times = await measureSizes(engine, sizes, MEASURE_MS, signal);
  const slowdown = times && (await measureSlowdown(engine, signal));
  if (!slowdown) return undefined;
  const costs = new CostModel({ ms: [], slowdown });
  for (const [index, ms] of times.entries()) costs.set(sizes[index], contextTokens, ms);
  const chunkTokens = chunkFor(prefillMsPerToken);
  return { ...exact, threads, chunkTokens, prefillMsPerToken, costs: costs.save() };
}

/** Milliseconds of prefill per token; undefined when aborted. */
async function prefillSpeed(
  engine: LlamaEngine,
  context: Int32Array,
  signal: AbortSignal,
): Promise<number | undefined> {
  engine.exchangeContext(undefined);
  const start = performance.now();
  const filled = await engine.prefill(context, signal);
  if (filled.kind !== "prefilled") return undefined;
  return (performance.now() - start) / Math.max(1, filled.computed);
}

/**
 * Median milliseconds of decodes of each size, up to the size that cannot pay any more; undefined when aborted. They are
 * measured as they occur in completions: a tree after a single row, and a single row after many single rows.
 */
async function measureSizes(
  engine: LlamaEngine,
  sizes: readonly number[],
  budgetMs: number,
  signal: AbortSignal,
): Promise<number[] | undefined> {
  const measured: number[][] = sizes.map(() => []);
  const start = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const [index, size] of sizes.entries()) {
      if (index >= measured.length) break;
      if (index > 0 && (measured[index - 1].at(-1) ?? 0) > TOO_DEAR * (measured[0].at(-1) ?? 0)) {
        measured.length = index;
        break;
      }
      const before = size === 1 ? SETTLED_AFTER : 1;
      for (let single = 0; single < before; single++)
        if ((await timeDecode(engine, 1, signal)) === undefined) return undefined;
      const ms = await timeDecode(engine, size, signal);
      if (ms === undefined) return undefined;
      measured[index].push(ms);
    }
    if (performance.now() - start > budgetMs) break;
  }
  return measured.map(median);
}

/**
 * How much longer the single rows after a tree take than settled ones, as shares of a settled row's time; empty if the
 * model is too slow to be measured so often: one decode then hardly affects the next. Undefined when aborted.
 */
async function measureSlowdown(engine: LlamaEngine, signal: AbortSignal): Promise<number[] | undefined> {
  const rows: number[][] = Array.from({ length: SETTLED_AFTER + 1 }, () => []);
  const size = Math.min(TYPICAL_SIZE, engine.room());
  const start = performance.now();
  let round = 0;
  for (; round < MAX_ROUNDS && performance.now() - start < SLOWDOWN_MS; round++) {
    if ((await timeDecode(engine, size, signal)) === undefined) return undefined;
    for (const times of rows) {
      const ms = await timeDecode(engine, 1, signal);
      if (ms === undefined) return undefined;
      times.push(ms);
    }
  }
  if (round < MIN_SLOWDOWN_ROUNDS) return [];
  const settled = median(rows.slice(SLOWED_ROWS).flat());
  let share = Number.POSITIVE_INFINITY;
  // The slowdown only decreases: otherwise noise would add up to more than there is.
  const shares = rows.slice(0, SLOWED_ROWS).map(times => {
    share = Math.min(share, Math.max(0, median(times) / settled - 1));
    return share;
  });
  return shares.reduce((sum, share) => sum + share, 0) <= MAX_SLOWDOWN ? shares : [];
}

/** Milliseconds of one decode of a chain; the context stays unchanged. Undefined when aborted. */
async function timeDecode(
  engine: LlamaEngine,
  nodes: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const chain = someTokens(Math.min(nodes, engine.room()), engine.vocabulary.size);
  const start = performance.now();
  if (!(await decodeChain(engine, chain, signal))) return undefined;
  engine.accept([]);
  return performance.now() - start;
}

/** The thread count, of those given, that decodes fastest: one token and a typical tree together. */
async function bestThreads(
  engine: LlamaEngine,
  choices: readonly number[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const before = engine.configuration;
  let best = before.threads;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const threads of choices) {
    engine.configure({ ...before, threads });
    const sizes = [1, Math.min(TYPICAL_SIZE, engine.info.maxTreeNodes)];
    const times = await measureSizes(engine, sizes, MEASURE_MS / (2 * choices.length), signal);
    if (!times) return undefined;
    const ms = times[0] + times[1];
    if (ms < bestMs) {
      best = threads;
      bestMs = ms;
    }
  }
  return best;
}
