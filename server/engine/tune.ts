/**
 * Finds out how this machine runs this model: how rows must be padded for results to be equal to the last
 * bit, how many threads serve best, and what decodes of each size cost. Takes a moment, so the findings are
 * kept per machine, model and back end.
 */

import { CostModel, type SavedCosts, SIZES } from "./costModel.ts";
import type { Decoded, DecodeOutcome } from "./engine.ts";
import { CHUNK_SIZES, type LlamaEngine, type RowPadding } from "./llama.ts";
import { EXACT_ROWS } from "./treeLimits.ts";

export interface Tuning {
  readonly rowPadding: RowPadding;
  /** Whether trees were equal to single steps, bit by bit. */
  readonly exact: boolean;
  readonly threads: number;
  readonly chunkTokens: number;
  readonly costs: SavedCosts;
}

/** Tokens of context behind which costs are measured. */
const CONTEXT_TOKENS = 384;
/** Tokens of context for the test of equality. */
const CHECK_TOKENS = 40;
/** Behind more than 512 cells threads share the attention of a single row. */
const LONG_CHECK_TOKENS = 600;
/** Most that computing so long a context may take. */
const LONG_CHECK_MS = 6_000;
/** At least one round over all sizes; more as long as they end within this time. */
const MEASURE_MS = 1_200;
const MAX_ROUNDS = 7;
/** Larger trees empty the caches themselves. */
const SETTLED_SIZE = 16;
/** Most that a chunk of a prompt may take, since an abort may lose it. */
const CHUNK_MS = 40;
/** Size by which thread counts are compared: a tree of ordinary size. */
const TYPICAL_SIZE = 8;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Ids spread over the vocabulary, the same at each call. */
function someTokens(count: number, vocabularySize: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i * 7919 + 257) % vocabularySize);
}

/** Decodes tokens as a chain; undefined when that was aborted or failed. */
async function decodeChain(
  engine: LlamaEngine,
  tokens: Int32Array,
  signal: AbortSignal,
): Promise<Decoded | undefined> {
  const parents = Int32Array.from(tokens, (_, i) => i - 1);
  const outcome: DecodeOutcome = await engine.decode({ count: tokens.length, tokens, parents }, signal);
  return outcome.kind === "decoded" ? outcome.decoded : undefined;
}

function sameRow(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]));
}

/**
 * Whether rows of trees of several sizes equal those of single steps. undefined when it was aborted.
 */
async function rowsAgree(
  engine: LlamaEngine,
  contextTokens: number,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const size = engine.vocabulary.size;
  const context = someTokens(contextTokens, size);
  const chain = someTokens(engine.info.maxTreeNodes, size);
  const expected: Float32Array[] = [];
  const row = (decoded: Decoded, node: number) => {
    const values = new Float32Array(size);
    decoded.logits(node, values);
    return values;
  };
  if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
  for (let step = 0; step < 6; step++) {
    const decoded = await decodeChain(engine, chain.subarray(step, step + 1), signal);
    if (!decoded) return undefined;
    expected.push(row(decoded, 0));
    engine.accept([0]);
  }
  for (const count of [2, 3, 5, 6, engine.room()]) {
    if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
    const decoded = await decodeChain(engine, chain.subarray(0, Math.min(count, engine.room())), signal);
    if (!decoded) return undefined;
    const equal = expected.slice(0, count).every((values, node) => sameRow(values, row(decoded, node)));
    engine.accept([]);
    if (!equal) return false;
  }
  return true;
}

/**
 * Median milliseconds of decodes of each size; undefined when aborted. Small sizes are decoded twice and the second
 * counts: a completion goes on in sizes like the last, while here a large tree has just emptied the caches, which
 * makes a small model's single token cost twice as much.
 */
async function measureSizes(
  engine: LlamaEngine,
  sizes: readonly number[],
  budgetMs: number,
  signal: AbortSignal,
): Promise<number[] | undefined> {
  const tokens = someTokens(engine.info.maxTreeNodes, engine.vocabulary.size);
  const measured: number[][] = sizes.map(() => []);
  const start = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const [index, size] of sizes.entries()) {
      let ms = 0;
      for (let time = size <= SETTLED_SIZE ? 0 : 1; time < 2; time++) {
        const chain = tokens.subarray(0, Math.min(size, engine.room()));
        const before = performance.now();
        if (!(await decodeChain(engine, chain, signal))) return undefined;
        engine.accept([]);
        ms = performance.now() - before;
      }
      measured[index].push(ms);
    }
    if (performance.now() - start > budgetMs) break;
  }
  return measured.map(median);
}

/** The thread count, of those given, that decodes fastest: one token and a typical tree together. */
async function bestThreads(
  engine: LlamaEngine,
  choices: readonly number[],
  signal: AbortSignal,
): Promise<number | undefined> {
  let best = engine.info.threads;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const threads of choices) {
    engine.setThreads(threads);
    const times = await measureSizes(engine, [1, TYPICAL_SIZE], MEASURE_MS / (2 * choices.length), signal);
    if (!times) return undefined;
    const ms = times[0] + times[1];
    if (ms < bestMs) {
      best = threads;
      bestMs = ms;
    }
  }
  return best;
}

/**
 * Tunes an idle engine; its context is empty afterwards. undefined when aborted, after which the engine is as
 * usable as before.
 * @param threadChoices thread counts to choose from; one means that the user has chosen
 */
export async function tune(
  engine: LlamaEngine,
  threadChoices: readonly number[],
  signal: AbortSignal,
): Promise<Tuning | undefined> {
  const before = { rowPadding: engine.rowPadding, threads: engine.info.threads, rowLimit: engine.rowLimit };
  // Larger trees go through other kernels, of which nothing is asked here.
  engine.rowLimit = Math.min(engine.rowLimit, EXACT_ROWS);
  const tuning = await findTuning(engine, threadChoices, signal);
  engine.rowLimit = before.rowLimit;
  if (tuning) applyTuning(engine, tuning);
  else {
    engine.rowPadding = before.rowPadding;
    engine.setThreads(before.threads);
  }
  return tuning;
}

async function findTuning(
  engine: LlamaEngine,
  threadChoices: readonly number[],
  signal: AbortSignal,
): Promise<Tuning | undefined> {
  const contextTokens = Math.min(CONTEXT_TOKENS, engine.info.contextTokens >> 1);
  const context = someTokens(contextTokens, engine.vocabulary.size);
  const start = performance.now();
  const filled = await engine.prefill(context, signal);
  if (filled.kind !== "prefilled") return undefined;
  const msPerToken = (performance.now() - start) / Math.max(1, filled.computed);
  const threads = await bestThreads(engine, threadChoices, signal);
  if (threads === undefined) return undefined;
  engine.setThreads(threads);

  const padding = engine.info.maxTreeNodes > 1 ? await findPadding(engine, msPerToken, signal) : ALWAYS_EXACT;
  if (!padding) return undefined;
  engine.rowPadding = padding.rowPadding;

  if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
  const sizes = SIZES.filter(size => size <= engine.info.maxTreeNodes);
  const times = await measureSizes(engine, sizes, MEASURE_MS, signal);
  if (!times) return undefined;
  const costs = new CostModel();
  for (const [index, size] of sizes.entries()) costs.set(size, contextTokens, times[index]);
  const chunkTokens = CHUNK_SIZES.findLast(size => size * msPerToken <= CHUNK_MS) ?? CHUNK_SIZES[0];
  return { ...padding, threads, chunkTokens, costs: costs.save() };
}

/** Without trees there is nothing that could differ. */
const ALWAYS_EXACT = { rowPadding: 1, exact: true } as const;

/** The least padding with which trees equal single steps; undefined when aborted. */
async function findPadding(
  engine: LlamaEngine,
  msPerToken: number,
  signal: AbortSignal,
): Promise<Pick<Tuning, "rowPadding" | "exact"> | undefined> {
  // Unpadded single rows have to be looked at behind a long context too; where that takes too long, or there is
  // no room for one, they are padded.
  const room =
    LONG_CHECK_TOKENS + 2 * Math.min(engine.info.maxTreeNodes, EXACT_ROWS) <= engine.info.contextTokens;
  const unpadded = room && msPerToken * LONG_CHECK_TOKENS < LONG_CHECK_MS;
  for (const rowPadding of unpadded ? ([1, 2, 4] as const) : ([2, 4] as const)) {
    engine.rowPadding = rowPadding;
    let exact: boolean | undefined = true;
    for (const contextTokens of rowPadding === 1 ? [CHECK_TOKENS, LONG_CHECK_TOKENS] : [CHECK_TOKENS]) {
      exact = await rowsAgree(engine, contextTokens, signal);
      if (exact === undefined) return undefined;
      if (!exact) break;
    }
    if (exact) return { rowPadding, exact };
  }
  return { rowPadding: 2, exact: false };
}

/** Lets an engine run as was found best. */
export function applyTuning(engine: LlamaEngine, tuning: Tuning): void {
  engine.rowPadding = tuning.rowPadding;
  engine.setThreads(tuning.threads);
  engine.chunkTokens = tuning.chunkTokens;
  engine.costs = new CostModel(tuning.costs);
}
