/** Shared by the commands of `foretoken bench`: loading the measured model, and printing. */
import {
  type LlamaEngine,
  loadBeside,
  loadEngine,
  type TreeLimits,
  threadChoices,
  tune,
  tuneDrafter,
} from "../../server/engine/index.ts";
import { backendOf, loadOptions } from "../../server/model/index.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../server/protocol/index.ts";
import { defaultModelPath, orUsageError, UsageError } from "../../server/system/index.ts";
import { path } from "./arguments.ts";

/** The model that is measured and where it runs, as options of a command. */
interface LoadedModel {
  /** Absent: the default model. */
  readonly model?: string | undefined;
  /** Absent: the best back end that works here. */
  readonly backend?: string | undefined;
  /** Absent: `exact`, since an item's remains in the cache must not change the results of another. */
  readonly reuse?: Settings["reuse"];
}

/** Loads a model without tuning: it decodes single rows until another limit of rows is set. */
export async function loadUntuned(
  { model, backend, reuse = "exact" }: LoadedModel,
  threads: number,
  contextTokens: number,
  trees?: TreeLimits,
): Promise<LlamaEngine> {
  const settings = { ...DEFAULT_SETTINGS, backend: backendOf(backend), threads, contextTokens };
  const options = { ...loadOptions(path(model) ?? defaultModelPath(), settings), reuse };
  const { engine } = orUsageError(await loadEngine(trees ? { ...options, trees } : options));
  return engine;
}

/** Loads a model and tunes it as the server does, but always again: earlier results may not apply now. */
export async function load(
  model: LoadedModel,
  threads: number,
  contextTokens: number,
  signal: AbortSignal,
  trees?: TreeLimits,
): Promise<LlamaEngine> {
  const engine = await loadUntuned(model, threads, contextTokens, trees);
  const { exactness } = DEFAULT_SETTINGS;
  const tuned = await tune(engine, { threadChoices: threadChoices(threads), exactness }, signal);
  if (tuned) return engine;
  await engine.dispose();
  throw new UsageError("Interrupted.");
}

/**
 * Loads a second model that drafts for the first, and measures it as the server does. Throws a `UsageError` if it
 * cannot be loaded or has another vocabulary, and disposes the first.
 * @param trees size limits of its trees; absent: single tokens, together with remaining tokens of a prompt
 */
export async function loadDrafter(
  engine: LlamaEngine,
  modelPath: string,
  signal: AbortSignal,
  trees?: TreeLimits,
): Promise<LlamaEngine> {
  try {
    const options = { ...loadOptions(modelPath, DEFAULT_SETTINGS), reuse: "exact" } as const;
    const { threads } = engine.info;
    const outcome = await loadBeside(engine, { ...options, threads, ...(trees && { trees }) });
    const { engine: drafter } = orUsageError(outcome);
    drafter.shareThreadsOf(engine);
    if (trees) drafter.limitRows(trees.rows);
    if (await tuneDrafter(drafter, signal)) return drafter;
    await drafter.dispose();
    throw new UsageError("Interrupted.");
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Prints to the standard output. */
export const print = (text: string) => process.stdout.write(`${text}\n`);

/** Time between lines of progress in outputs where a line cannot be rewritten, such as a log. */
const LOGGED_EVERY_MS = 30_000;
let loggedAt = performance.now();

/** Reports the progress of a long run; an empty text ends the report. */
export const progress = (text: string) => {
  if (process.stderr.isTTY) return void process.stderr.write(`\r\x1b[K${text}`);
  if (!text || performance.now() - loggedAt < LOGGED_EVERY_MS) return;
  loggedAt = performance.now();
  process.stderr.write(`${text}\n`);
};
