/**
 * Runs every method on every item, in turn, several times; results are compared within a turn, so a slow
 * moment of the machine affects all methods alike.
 */
import { setTimeout } from "node:timers/promises";
import { quantile } from "../../server/system/index.ts";
import {
  formatSpread,
  type Hardware,
  type MeasuredModel,
  median,
  rounded,
  roundedSpread,
  type Spread,
  spread,
  table,
} from "./figures.ts";
import { type Method, type MethodName, type MethodRun, WARM_UP } from "./methods.ts";
import type { StoreUse } from "./presets/storeData.ts";
import type { Item, Suite } from "./suites.ts";

export interface MethodResult {
  readonly method: MethodName;
  /** Generated tokens per second of decoding, over all items and runs; without prefill. */
  readonly tokensPerSecond: number;
  /** Tokens per second relative to plain's for the same item and run. */
  readonly ratioToPlain: Spread;
  /** Tokens per decode. */
  readonly meanAccepted: number;
  /** Nodes per decode, root included. */
  readonly meanTreeSize: number;
  /** Median time that a step spends on its drafts; null if unknown. */
  readonly draftMs: number | null;
  /** Whether every output equals plain's, token for token. */
  readonly exact: boolean;
  readonly extra: MethodExtra;
}

export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
}

export interface MethodExtra {
  readonly items: number;
  readonly tokens: number;
  /** All items of a run relative to plain's of that run: the gain over a whole suite. */
  readonly suiteRatioToPlain: Spread;
  /** The same relative to llama.cpp's server without drafts; null if that was not run. */
  readonly suiteRatioToServer: Spread | null;
  /** The smallest ratio of an item to plain, each the median of its runs. */
  readonly worstItemRatio: number;
  /** Milliseconds to the first token and to the last, with the prompt in the cache; null if unknown. */
  readonly firstMs: Quantiles | null;
  readonly wholeMs: Quantiles | null;
  /** Speed for prompts without a cache, over the items; null if there were none. */
  readonly prefillTokensPerSecond: Spread | null;
  /** Relative to plain's prefill of the same item. */
  readonly prefillRatioToPlain: Spread | null;
  /** Where an output first differs from plain's. */
  readonly firstDifference: string | null;
}

export interface SuiteResult {
  readonly suite: Suite;
  readonly methods: MethodResult[];
}

/** What `--json` prints. */
export interface DecodeReport {
  readonly hardware: Hardware;
  readonly model: MeasuredModel;
  /** The store of the methods, and how much of it was used by those that build their own index. */
  readonly store: StoreUse | null;
  readonly suites: SuiteResult[];
}

/** All runs of one suite: by method, then item, then run. */
export type Records = ReadonlyMap<MethodName, readonly (readonly MethodRun[])[]>;

export interface SuiteRuns {
  readonly items: readonly Item[];
  readonly methods: readonly Method[];
  readonly runs: number;
  /** Called after each item. */
  readonly progress: (done: number) => void;
}

/**
 * Pause before each run, as before each completion in an editor: a method that starts right after another finds threads
 * that still spin, while one that first processes the prompt has to wake them.
 */
const PAUSE_MS = 20;

/** Number of runs of all methods on the first item before anything is measured. */
const WARM_UPS = 3;

/** Runs a suite. The order of the methods rotates from run to run and item to item. */
export async function runSuite(
  { items, methods, runs, progress }: SuiteRuns,
  signal: AbortSignal,
): Promise<Records> {
  const records = new Map<MethodName, MethodRun[][]>(methods.map(({ name }) => [name, []]));
  // The first use of everything is slow: pages are read, buffers grow, and new code is compiled during the decodes.
  for (const item of Array.from({ length: WARM_UPS }, () => items[0]))
    if (item) for (const method of methods) await method.run(item, WARM_UP, signal);
  for (const [index, item] of items.entries()) {
    for (const name of records.keys()) records.get(name)?.push([]);
    for (let run = 0; run < runs; run++) {
      for (let i = 0; i < methods.length; i++) {
        const method = methods[(i + index + run) % methods.length] as Method;
        await setTimeout(PAUSE_MS);
        records
          .get(method.name)
          ?.at(-1)
          ?.push(await method.run(item, run, signal));
      }
    }
    progress(index + 1);
  }
  return records;
}

const speed = ({ tokens, decodeMs }: MethodRun) => (1000 * tokens.length) / decodeMs;

/** Tokens per second of many runs together. */
function totalSpeed(runs: readonly MethodRun[]): number {
  const tokens = runs.reduce((sum, run) => sum + run.tokens.length, 0);
  return (1000 * tokens) / runs.reduce((sum, run) => sum + run.decodeMs, 0);
}

const prefillSpeeds = (items: readonly (readonly MethodRun[])[]) =>
  items.map(runs => {
    const known = runs.find(run => run.prefill)?.prefill;
    return known ? (1000 * known.tokens) / known.ms : undefined;
  });

/** The values of `own` divided by those of `reference`, for indices where both exist. */
function ratios(own: readonly (number | undefined)[], reference: readonly (number | undefined)[]): number[] {
  const found: number[] = [];
  for (const [i, value] of own.entries()) {
    const other = reference[i];
    if (value !== undefined && other !== undefined && other > 0) found.push(value / other);
  }
  return found;
}

/** Where the first output that differs from plain's does so; a server may leave out the token that ends the text. */
function difference(
  runs: readonly (readonly MethodRun[])[],
  plain: readonly (readonly MethodRun[])[],
  items: readonly Item[],
  endsText: (token: number) => boolean,
): string | null {
  const text = (run: MethodRun | undefined) => {
    const tokens = run?.tokens ?? [];
    const last = tokens.at(-1);
    return last !== undefined && endsText(last) ? tokens.slice(0, -1) : tokens;
  };
  for (const [index, ofItem] of runs.entries()) {
    const expected = text(plain[index]?.[0]);
    for (const run of ofItem) {
      const actual = text(run);
      const length = Math.max(expected.length, actual.length);
      for (let i = 0; i < length; i++)
        if (actual[i] !== expected[i])
          return `${items[index]?.id}, token ${i}: ${actual[i] ?? "none"} against ${expected[i] ?? "none"}`;
    }
  }
  return null;
}

const quantiles = (values: readonly number[]): Quantiles | null =>
  values.length === 0
    ? null
    : { p50: rounded(quantile(values, 0.5), 1), p90: rounded(quantile(values, 0.9), 1) };

const NOTHING: Spread = { median: Number.NaN, min: Number.NaN, max: Number.NaN };

/** The figures of every method, from the runs of a suite. `records` must have `plain`. */
export function summarise(
  records: Records,
  items: readonly Item[],
  endsText: (token: number) => boolean,
): MethodResult[] {
  const plain = records.get("plain") ?? [];
  const server = records.get("llama-server");
  const plainRuns = plain.flat();
  const plainPrefills = prefillSpeeds(plain);
  const byRun = (ofMethod: readonly (readonly MethodRun[])[]) =>
    (ofMethod[0] ?? []).map((_, run) => totalSpeed(ofMethod.map(ofItem => ofItem[run] as MethodRun)));
  const rounding = (values: readonly number[], digits: number) => {
    const known = spread(values);
    return known ? roundedSpread(known, digits) : null;
  };
  return [...records].map(([method, ofMethod]) => {
    const runs = ofMethod.flat();
    const tokens = runs.reduce((sum, run) => sum + run.tokens.length, 0);
    const decodes = runs.reduce((sum, run) => sum + run.decodes, 0);
    const nodes = runs.reduce((sum, run) => sum + run.nodes, 0);
    const drafts = runs.flatMap(run => run.draftMs);
    const prefills = prefillSpeeds(ofMethod);
    const knownPrefills = prefills.filter(value => value !== undefined);
    // The first run of an item computes its prompt without a cache.
    const known = ofMethod.flatMap(ofItem => ofItem.slice(1)).flatMap(run => run.latency ?? []);
    const firstDifference = difference(ofMethod, plain, items, endsText);
    return {
      method,
      tokensPerSecond: rounded(totalSpeed(runs), 2),
      ratioToPlain: rounding(ratios(runs.map(speed), plainRuns.map(speed)), 3) ?? NOTHING,
      meanAccepted: rounded(tokens / decodes, 3),
      meanTreeSize: rounded(nodes / decodes, 2),
      draftMs: drafts.length > 0 ? rounded(median(drafts), 4) : null,
      exact: firstDifference === null,
      extra: {
        items: ofMethod.length,
        tokens,
        suiteRatioToPlain: rounding(ratios(byRun(ofMethod), byRun(plain)), 3) ?? NOTHING,
        suiteRatioToServer: server ? rounding(ratios(byRun(ofMethod), byRun(server)), 3) : null,
        worstItemRatio: rounded(
          Math.min(
            ...ofMethod.map((ofItem, i) => median(ratios(ofItem.map(speed), (plain[i] ?? []).map(speed)))),
          ),
          3,
        ),
        firstMs: quantiles(known.map(({ firstMs }) => firstMs)),
        wholeMs: quantiles(known.map(({ wholeMs }) => wholeMs)),
        prefillTokensPerSecond: rounding(knownPrefills, 1),
        prefillRatioToPlain: rounding(ratios(prefills, plainPrefills), 3),
        firstDifference,
      },
    };
  });
}

/** One suite as a table. */
export function suiteTable({ suite, methods }: SuiteResult): string {
  const rows = methods.map(({ method, tokensPerSecond, ratioToPlain, extra, ...means }) => [
    method,
    tokensPerSecond.toFixed(1),
    formatSpread(ratioToPlain, 2),
    formatSpread(extra.suiteRatioToPlain, 2),
    means.meanAccepted.toFixed(2),
    means.meanTreeSize.toFixed(1),
    means.draftMs?.toFixed(3) ?? "-",
    means.exact ? "yes" : "no",
    extra.prefillTokensPerSecond ? extra.prefillTokensPerSecond.median.toFixed(0) : "-",
    formatSpread(extra.prefillRatioToPlain ?? undefined, 2),
  ]);
  const heading = [
    suite,
    "tokens/s",
    "to plain, item by item",
    "to plain, whole suite",
    "tokens/decode",
    "nodes/decode",
    "draft ms",
    "exact",
    "prefill tokens/s",
    "prefill to plain",
  ];
  const differences = methods
    .filter(({ extra }) => extra.firstDifference)
    .map(({ method, extra }) => `${method} first differs in ${extra.firstDifference}`);
  const [{ extra } = { extra: { items: 0, tokens: 0 } }] = methods;
  return [
    table(heading, rows),
    `${extra.items} items, ${extra.tokens} tokens of plain; medians with (min to max)`,
    ...differences,
  ].join("\n");
}

/** How much of a store was used, in a line. */
export function storeLine({ tokens, restTokens, samTokens }: StoreUse): string {
  const parts = [`store of ${tokens} tokens`];
  if (restTokens !== null) parts.push(`of which rest has ${restTokens}`);
  if (samTokens !== null) parts.push(`sam and sam+recycling ${samTokens}`);
  return parts.join(", ");
}
