/**
 * Finds how many rows of one decode have the logits of single rows, bit for bit. For some types of weights and on some back
 * ends llama.cpp computes one row and several rows with different kernels: with Q4_K on AVX2 four rows and more differ from one
 * by tenths of a logit, with F16 two and more; Q4_0, Q6_K and Q8_0 never differ. A tenth of a logit is more than the lead of
 * the best token in one choice of seven, so with a bound on the difference every seventh row would have to be decoded again.
 * The only remedy is to use only as many rows as show no difference.
 */

import { median } from "../system/index.ts";
import type { RowPadding } from "./configuration.ts";
import type { Decoded } from "./engine.ts";
import type { LlamaEngine } from "./llama.ts";
import { decodeChain, someTokens } from "./probing.ts";
import { EXACT_ROWS } from "./treeLimits.ts";

/**
 * `auto` decodes single rows without padding, unless padding is nearly free; `bitwise` pads as far as the largest trees
 * need it.
 */
export type Exactness = "auto" | "bitwise";

export interface ExactRows {
  readonly rowPadding: RowPadding;
  readonly exactRows: number;
}

/** Numbers of equal rows found so far, by padding and context; kept by a caller that may have to begin again. */
export type KnownRows = Map<string, number>;

/** Without drafts there is nothing that could differ. */
const ONE_ROW: ExactRows = { rowPadding: 1, exactRows: 1 };

/** Tokens of context for the comparison. */
const CHECK_TOKENS = 40;
/** From 512 cells on threads may share the attention of a single row. */
const LONG_CHECK_TOKENS = 600;
/** Most that computing so long a context may take, in milliseconds. */
const LONG_CHECK_MS = 6_000;
/** Sizes that are compared. What holds for two of them is taken to hold between them. */
const SIZES = [2, 3, 4, 5, 6, 8, 16, EXACT_ROWS] as const;
/** Single rows that the rows of larger decodes are compared with. */
const SINGLE_ROWS = 8;
/** Trees of fewer rows are hardly worth drafting, so padding is tried as well. */
const FEW_ROWS = 4;
/** Padding is nearly free where a padded row costs at most this many unpadded ones. */
const NEARLY_FREE = 1.1;
const TIMED_DECODES = 5;

/**
 * Finds the padding and the number of rows. undefined when aborted.
 * @param msPerToken of prefill; decides whether a long context is compared too
 * @param known the findings of an aborted search; added to
 */
export async function findExactRows(
  engine: LlamaEngine,
  exactness: Exactness,
  msPerToken: number,
  known: KnownRows,
  signal: AbortSignal,
): Promise<ExactRows | undefined> {
  if (engine.info.maxTreeNodes === 1) return ONE_ROW;
  const contexts = contextsToCheck(engine, msPerToken);
  const before = engine.configuration;
  const enough = exactness === "bitwise" ? EXACT_ROWS : FEW_ROWS;
  let best = ONE_ROW;
  try {
    for (const rowPadding of [1, 2, 4] as const) {
      engine.configure({ ...before, rowPadding, exactRows: EXACT_ROWS });
      const unknown = contexts.length === 0 && rowPadding === 1;
      const exactRows = unknown ? 1 : await countRows(engine, contexts, known, signal);
      if (exactRows === undefined) return undefined;
      if (exactRows > best.exactRows) {
        const pays = rowPadding === 1 || exactness === "bitwise" || (await isNearlyFree(engine, signal));
        if (pays === undefined) return undefined;
        if (pays) best = { rowPadding, exactRows };
      }
      if (best.exactRows >= enough) break;
    }
  } finally {
    engine.configure(before);
  }
  return best;
}

/** Whether a single row with the configured padding costs hardly more than one without; undefined when aborted. */
async function isNearlyFree(engine: LlamaEngine, signal: AbortSignal): Promise<boolean | undefined> {
  const padded = engine.configuration;
  const context = someTokens(shortCheck(engine), engine.vocabulary.size);
  if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
  const paddedMs = await singleRowMs(engine, signal);
  engine.configure({ ...padded, rowPadding: 1 });
  const aloneMs = await singleRowMs(engine, signal);
  if (paddedMs === undefined || aloneMs === undefined) return undefined;
  return paddedMs <= NEARLY_FREE * aloneMs;
}

/** Tokens of the short context: in a very small one half of it. */
const shortCheck = ({ info }: LlamaEngine) => Math.min(CHECK_TOKENS, info.contextTokens >> 1);

/** Lengths of context at which rows are compared; none if no check can prove that unpadded rows are exact. */
function contextsToCheck(engine: LlamaEngine, msPerToken: number): number[] {
  const { info } = engine;
  const short = shortCheck(engine);
  const room = LONG_CHECK_TOKENS + 2 * EXACT_ROWS <= info.contextTokens;
  if (room && msPerToken * LONG_CHECK_TOKENS < LONG_CHECK_MS) return [short, LONG_CHECK_TOKENS];
  // With keys of another type than values, or one thread, a single row's attention is never shared.
  return info.keys === "q8_0" || info.threads === 1 || !room ? [short] : [];
}

/** The largest of `SIZES`, or 1, up to which all rows equal single ones after each of the contexts. */
async function countRows(
  engine: LlamaEngine,
  contexts: readonly number[],
  known: KnownRows,
  signal: AbortSignal,
): Promise<number | undefined> {
  let rows: number = EXACT_ROWS;
  for (const contextTokens of contexts.length > 0 ? contexts : [shortCheck(engine)]) {
    const key = `${engine.configuration.rowPadding}/${contextTokens}`;
    const equal = known.get(key) ?? (await equalRows(engine, contextTokens, rows, signal));
    if (equal === undefined) return undefined;
    known.set(key, equal);
    rows = equal;
  }
  return rows;
}

/** As `countRows`, after one context and not looking beyond `most`. */
async function equalRows(
  engine: LlamaEngine,
  contextTokens: number,
  most: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const size = engine.vocabulary.size;
  const context = someTokens(contextTokens, size);
  const chain = someTokens(EXACT_ROWS, size);
  const rowAt = (decoded: Decoded, node: number) => {
    const values = new Float32Array(size);
    decoded.logits(node, values);
    return values;
  };
  const single: Float32Array[] = [];
  if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
  for (let step = 0; step < SINGLE_ROWS; step++) {
    const decoded = await decodeChain(engine, chain.subarray(step, step + 1), signal);
    if (!decoded) return undefined;
    single.push(rowAt(decoded, 0));
    engine.accept([0]);
  }
  let equal = 1;
  for (const count of SIZES) {
    if (count > most) break;
    if ((await engine.prefill(context, signal)).kind !== "prefilled") return undefined;
    const decoded = await decodeChain(engine, chain.subarray(0, Math.min(count, engine.room())), signal);
    if (!decoded) return undefined;
    const isEqual = single.slice(0, count).every((row, node) => sameBits(row, rowAt(decoded, node)));
    engine.accept([]);
    if (!isEqual) return equal;
    equal = count;
  }
  return equal;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]));
}

async function singleRowMs(engine: LlamaEngine, signal: AbortSignal): Promise<number | undefined> {
  const token = someTokens(1, engine.vocabulary.size);
  const times: number[] = [];
  for (let i = 0; i < TIMED_DECODES; i++) {
    const start = performance.now();
    if (!(await decodeChain(engine, token, signal))) return undefined;
    engine.accept([]);
    times.push(performance.now() - start);
  }
  return median(times);
}
