/**
 * The cost of a step by the size of its tree: `T(n)` after a context of a given length, measured through
 * the engine as the generation uses it (decode, the model's choice at the root, accept), without drafting.
 */

import { randomNumbers } from "../../server/draft/index.ts";
import type { Engine, TokenTree } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { formatSpread, type Spread, spread, table } from "./figures.ts";

/** Sizes of the trees that are measured, root included. */
export const TREE_SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 63];

export interface CostOptions {
  /** Tokens in the context when a tree is decoded. */
  readonly contextTokens: number;
  /** Sizes of the trees, root included, ascending; absent: `TREE_SIZES`. */
  readonly sizes?: readonly number[];
  /** Measurements per size: all sizes in turn, each after an uncounted one of the same size, and after an uncounted turn. */
  readonly runs: number;
}

export interface CostRow {
  readonly nodes: number;
  /** Milliseconds of a step. */
  readonly ms: Spread;
  /** Milliseconds of a step outside of llama.cpp: batch, sequences, the choices at the visited nodes, accept. */
  readonly outsideMs: Spread;
  /** Relative to the tree of one node in the same turn. */
  readonly relative: Spread;
  /** Fastest step relative to the fastest of one node: the ratio when nothing else runs on the machine. */
  readonly relativeOfFastest: number;
}

export interface CostResult {
  /** How much of the requested length fitted. */
  readonly contextTokens: number;
  readonly rows: CostRow[];
}

/** Cells beside the context and the largest tree: the row that pads single steps. */
const SPARE_CELLS = 4;

/**
 * A tree like those of drafts: mostly chains, some branches. All tokens differ, and so do siblings.
 * @param branches most leaves
 */
export function randomTree(count: number, branches: number, vocabulary: number, seed: number): TokenTree {
  const next = randomNumbers(seed);
  const tokens = Int32Array.from({ length: count }, (_, node) => (seed * 101 + node * 13 + 1) % vocabulary);
  const parents = new Int32Array(count).fill(-1);
  const hasChild = new Uint8Array(count);
  let leaves = 1;
  for (let node = 1; node < count; node++) {
    const branching = leaves < branches && next() < 0.3;
    const parent = branching ? Math.floor(next() * node) : node - 1;
    if (hasChild[parent]) leaves++;
    hasChild[parent] = 1;
    parents[node] = parent;
  }
  return { count, tokens, parents };
}

const unexpected = (kind: string, what: string) =>
  kind === "aborted" ? new UsageError("Interrupted.") : new Error(`${what}: ${kind}`);

/** Number of nodes at which the model's choice is computed: two drafts accepted, the third refused. */
const VISITED_NODES = 3;

/** Milliseconds of one step, and the part of them outside of llama.cpp. */
export interface StepTime {
  readonly ms: number;
  readonly outsideMs: number;
}

async function timeStep(engine: Engine, tree: TokenTree, signal: AbortSignal): Promise<StepTime> {
  const start = performance.now();
  const outcome = await engine.decode(tree, signal);
  if (outcome.kind !== "decoded") throw unexpected(outcome.kind, `a tree of ${tree.count} nodes`);
  const { decoded } = outcome;
  for (let node = 0; node < Math.min(VISITED_NODES, tree.count); node++) decoded.argmax(node);
  engine.accept([]);
  const ms = performance.now() - start;
  return { ms, outsideMs: ms - decoded.ms };
}

/** How much of a context fits beside the largest tree, of at most `nodes` nodes, that the model takes. */
export function fittingTokens({ info }: Engine, contextTokens: number, nodes: number): number {
  const largest = Math.min(info.maxTreeNodes, nodes);
  return Math.max(1, Math.min(contextTokens, info.contextTokens - largest - SPARE_CELLS));
}

/** A context with arbitrary content, the same at each call: ids spread over the vocabulary. */
export const someContext = ({ vocabulary }: Engine, tokens: number) =>
  Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % vocabulary.size);

/** Measures all sizes that the model can take, in turn, so that a slow moment of the machine affects all alike. */
export async function measureCost(
  engine: Engine,
  { contextTokens, runs, sizes: wantedSizes = TREE_SIZES }: CostOptions,
  signal: AbortSignal,
): Promise<CostResult> {
  const { info, vocabulary } = engine;
  const fitting = fittingTokens(engine, contextTokens, wantedSizes.at(-1) ?? 1);
  const context = someContext(engine, fitting);
  const filled = await engine.prefill(context, signal);
  if (filled.kind !== "prefilled") throw unexpected(filled.kind, `a context of ${fitting} tokens`);

  // Padding may leave less room than the largest tree takes.
  const sizes = wantedSizes.filter(size => size <= engine.room());
  const times = new Map(sizes.map(size => [size, [] as StepTime[]]));
  for (let run = 0; run <= runs; run++) {
    for (let i = 0; i < sizes.length; i++) {
      // Each turn begins with another size: a step after a long decode finds warmer or hotter cores.
      const size = sizes[(i + run) % sizes.length] ?? 1;
      const tree = randomTree(size, info.maxBranches, vocabulary.size, run * 64 + size);
      // Sizes in a completion are similar to the previous one; here another size has just been decoded.
      await timeStep(engine, tree, signal);
      const time = await timeStep(engine, tree, signal);
      if (run > 0) times.get(size)?.push(time);
    }
  }
  return { contextTokens: fitting, rows: costRows(times) };
}

/** Spread of the times, and of each time against that of one node in the same turn. */
export function costRows(times: ReadonlyMap<number, readonly StepTime[]>): CostRow[] {
  const single = (times.get(1) ?? []).map(({ ms }) => ms);
  const rows: CostRow[] = [];
  for (const [nodes, steps] of times) {
    const measured = steps.map(({ ms }) => ms);
    const ms = spread(measured);
    const outsideMs = spread(steps.map(step => step.outsideMs));
    const relative = spread(measured.map((time, run) => time / (single[run] ?? Number.NaN)));
    const relativeOfFastest = Math.min(...measured) / Math.min(...single);
    if (ms && outsideMs && relative) rows.push({ nodes, ms, outsideMs, relative, relativeOfFastest });
  }
  return rows;
}

export function costTable({ rows }: CostResult): string {
  return table(
    [
      "nodes",
      "ms a step, median (min to max)",
      "relative to 1 node",
      "fastest to fastest",
      "ms outside the decode",
    ],
    rows.map(({ nodes, ms, outsideMs, relative, relativeOfFastest }) => [
      String(nodes),
      formatSpread(ms, 2),
      formatSpread(relative, 2),
      relativeOfFastest.toFixed(2),
      formatSpread(outsideMs, 3),
    ]),
  );
}
