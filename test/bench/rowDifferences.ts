/**
 * Differences between the rows of a decode and the same rows decoded one by one: bit for bit, in logits, and in the
 * resulting choices. Tuning only finds the size up to which there is no difference; this measures what comes after.
 */
import type { Engine, TokenTree } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { fittingTokens, randomTree, someContext } from "./cost.ts";

/** Numbers of rows that are compared. */
export const COMPARED_SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 32];

/** `chain` is one branch, `tree` several. */
const FORMS = { chain: 1, tree: 8 } as const;
type Form = keyof typeof FORMS;

export interface RowDifference {
  /** Rows of the decode. */
  readonly rows: number;
  /** Number of rows whose logits equal the single row's bit for bit. */
  readonly equal: number;
  /** The largest difference of a logit. */
  readonly largest: number;
  /** Rows with another most likely token. */
  readonly otherChoices: number;
}

export interface RowDifferences {
  readonly form: Form;
  readonly contextTokens: number;
  readonly sizes: readonly RowDifference[];
}

/** The first `count` nodes of a tree, which also form a tree. */
const firstNodes = ({ tokens, parents }: TokenTree, count: number): TokenTree => ({
  count,
  tokens: tokens.subarray(0, count),
  parents: parents.subarray(0, count),
});

/** Compares decodes of the given numbers of rows, ascending, as a chain and as a tree. The context is left filled. */
export async function compareRows(
  engine: Engine,
  contextTokens: number,
  sizes: readonly number[],
  signal: AbortSignal,
): Promise<RowDifferences[]> {
  const { vocabulary, info } = engine;
  const fitting = fittingTokens(engine, contextTokens, sizes.at(-1) ?? 1);
  const context = someContext(engine, fitting);
  const found: RowDifferences[] = [];
  for (const form of ["chain", "tree"] as const) {
    await fill(engine, context, signal);
    const possible = sizes.filter(size => size <= engine.room());
    const branches = Math.min(FORMS[form], info.maxBranches);
    const largest = randomTree(possible.at(-1) ?? 1, branches, vocabulary.size, 3);
    const single = await singleRows(engine, context, largest, signal);
    const differences: RowDifference[] = [];
    for (const size of possible) {
      await fill(engine, context, signal);
      const rows = await decodedRows(engine, firstNodes(largest, size), signal);
      engine.accept([]);
      differences.push(differenceOf(single.slice(0, size), rows));
    }
    found.push({ form, contextTokens: fitting, sizes: differences });
  }
  return found;
}

async function fill(engine: Engine, context: Int32Array, signal: AbortSignal): Promise<void> {
  const { kind } = await engine.prefill(context, signal);
  if (kind !== "prefilled") throw new UsageError(`A context of ${context.length} tokens: ${kind}.`);
}

async function decodedRows(engine: Engine, tree: TokenTree, signal: AbortSignal): Promise<Float32Array[]> {
  const outcome = await engine.decode(tree, signal);
  if (outcome.kind !== "decoded") throw new UsageError(`A tree of ${tree.count} nodes: ${outcome.kind}.`);
  return Array.from({ length: tree.count }, (_, node) => {
    const row = new Float32Array(engine.vocabulary.size);
    outcome.decoded.logits(node, row);
    return row;
  });
}

/** The logits at each node, with its path decoded and accepted token by token. */
async function singleRows(
  engine: Engine,
  context: Int32Array,
  { count, tokens, parents }: TokenTree,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const inner = new Set(parents);
  for (let leaf = 0; leaf < count; leaf++) {
    if (inner.has(leaf)) continue;
    const path: number[] = [];
    for (let node = leaf; node >= 0; node = parents[node] ?? -1) path.unshift(node);
    await fill(engine, context, signal);
    for (const node of path) {
      const root = { count: 1, tokens: tokens.subarray(node, node + 1), parents: Int32Array.of(-1) };
      const [row] = await decodedRows(engine, root, signal);
      if (row) rows[node] ??= row;
      engine.accept([0]);
    }
  }
  return rows;
}

/** Summarises the differences of rows from the single ones. */
export function differenceOf(
  single: readonly Float32Array[],
  together: readonly Float32Array[],
): RowDifference {
  let [equal, largest, otherChoices] = [0, 0, 0];
  for (const [node, row] of single.entries()) {
    const other = together[node] ?? new Float32Array(0);
    const difference = largestDifference(row, other);
    if (difference === undefined) equal++;
    else largest = Math.max(largest, difference);
    if (likeliest(row) !== likeliest(other)) otherChoices++;
  }
  return { rows: single.length, equal, largest, otherChoices };
}

/** The largest difference; undefined if all bits are equal. A number that only one of them has counts as infinite. */
function largestDifference(a: Float32Array, b: Float32Array): number | undefined {
  let largest = 0;
  let isEqual = a.length === b.length;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    if (Object.is(x, y)) continue;
    isEqual = false;
    const difference = Math.abs(x - y);
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return isEqual ? undefined : largest;
}

/** The most likely token, the lowest among equals. */
function likeliest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] ?? 0) > (row[best] ?? 0)) best = i;
  return best;
}
