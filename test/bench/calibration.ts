/**
 * `foretoken bench calibration`: how reliable the probabilities are that drafting assigns to its guesses, and, with
 * `--fit`, the weights they are computed from. Real code replaces the model: places in files of projects that no
 * store contains are completed with their actual text, tree by tree, without any decoding.
 */

import { generate } from "../../server/completion/index.ts";
import {
  CALIBRATION_VERSION,
  Calibration,
  type CorpusSource,
  DraftMemory,
  draftSteps,
  FEATURE_COUNT,
  PRIOR_WEIGHTS,
  randomNumbers,
  type SavedCalibration,
  SOURCE_NAMES,
  type SourceName,
  SourceThrottle,
} from "../../server/draft/index.ts";
import { type Engine, type LlamaVocabulary, WordTokenizer } from "../../server/engine/index.ts";
import { drain, UsageError } from "../../server/system/index.ts";
import { table } from "./figures.ts";
import { type HeldOutSample, heldOutPlaces, projects } from "./heldOut.ts";

/** Tree costs of a machine between fast and slow: each further node costs an eighth of the first. */
const NODE_COST = 1 / 8;
const MAX_NODES = 32;
/** Tokens the model predicts at a place. */
const OWN_TOKENS = 48;
/** Classes of probabilities in a reliability table. */
const CLASSES = 10;

/** Probabilities and outcomes, in classes of a tenth, for each source. */
export class Reliability {
  tokens = 0;
  /** Total cost of the steps, where a single node costs 1. */
  cost = 0;
  private readonly classes = SOURCE_NAMES.map(() =>
    Array.from({ length: CLASSES }, () => ({ count: 0, probability: 0, right: 0 })),
  );

  readonly onOffer = (source: number, probability: number, right: boolean): void => {
    const found = this.classes[source]?.[Math.min(CLASSES - 1, Math.floor(probability * CLASSES))];
    if (!found) return;
    found.count++;
    found.probability += probability;
    if (right) found.right++;
  };

  /** A row for each source that offered any drafts. */
  rows(): ReliabilityRow[] {
    return SOURCE_NAMES.map((source, i) => {
      const classes = this.classes[i] ?? [];
      const offers = classes.reduce((sum, { count }) => sum + count, 0);
      const error = classes.reduce((sum, { probability, right }) => sum + Math.abs(probability - right), 0);
      const shares = classes.map(({ count, probability, right }) =>
        count === 0 ? undefined : { offers: count, probability: probability / count, right: right / count },
      );
      return { source, offers, expectedError: error / Math.max(1, offers), classes: shares };
    }).filter(({ offers }) => offers > 0);
  }
}

export interface ReliabilityRow {
  readonly source: SourceName;
  readonly offers: number;
  /** Expected calibration error: the mean distance of probability and share of right offers, over classes of a tenth. */
  readonly expectedError: number;
  readonly classes: readonly ({ offers: number; probability: number; right: number } | undefined)[];
}

export function reliabilityTable(rows: readonly ReliabilityRow[]): string {
  const heading = ["source", "offers", "error", ...Array.from({ length: CLASSES }, (_, i) => `${i * 10}%+`)];
  return table(
    heading,
    rows.map(({ source, offers, expectedError, classes }) => [
      source,
      String(offers),
      expectedError.toFixed(3),
      ...classes.map(each =>
        each ? `${Math.round(100 * each.probability)}:${Math.round(100 * each.right)}` : "-",
      ),
    ]),
  );
}

/** Completes a place with its actual text, tree by tree. */
export function replayPlace(memory: DraftMemory, place: HeldOutSample, seen: Reliability): void {
  const { before, script, after, corpora } = place;
  const bounds = { maxNodes: MAX_NODES, maxLeaves: MAX_NODES };
  const drafts = draftSteps(memory.drafter({ before, after, corpora, ...bounds }));
  let root = before[before.length - 1] ?? 0;
  for (let said = 0; said < script.length; ) {
    const drafted = drafts.draft(root, Math.min(MAX_NODES, script.length - said), costOf);
    const { tree } = drafted;
    const path = [0];
    for (let node = 0; said < script.length; said++) {
      node = tree.child(node, script[said] as number);
      if (node < 0) break;
      path.push(node);
    }
    const next = script[said];
    if (next === undefined) return;
    const decided = path.slice(1).map(node => tree.tokens[node] as number);
    drafted.observe({ path, next, top: () => 0 }).push([...decided, next]);
    said++;
    root = next;
    seen.tokens += path.length;
    seen.cost += costOf(tree.count);
  }
}

/** Lets the model complete a place. */
async function generateAt(
  engine: Engine,
  memory: DraftMemory,
  { before, after, corpora }: HeldOutSample,
  seen: Reliability,
  signal: AbortSignal,
): Promise<void> {
  const { fillPrefix, fillSuffix, fillMiddle } = engine.vocabulary.special;
  if (fillPrefix === undefined || fillSuffix === undefined || fillMiddle === undefined)
    throw new UsageError("The model has no fill-in-the-middle tokens.");
  const half = engine.info.contextTokens >> 1;
  const tokens = Int32Array.of(
    fillPrefix,
    ...before.subarray(-half),
    fillSuffix,
    ...after.subarray(0, half >> 2),
    fillMiddle,
  );
  const options = { maxTokens: OWN_TOKENS, treeNodes: MAX_NODES, memory, corpora };
  const steps = generate(engine, { tokens, history: before, after }, options, signal);
  await drain(steps, step => {
    if (step.kind !== "step") return;
    seen.tokens += step.tokens.length;
    seen.cost += costOf(step.drafted + 1);
  });
}

const costOf = (nodes: number) => 1 + NODE_COST * (nodes - 1);

export interface CalibrationRun {
  readonly projectFolder: string;
  readonly datastores: readonly CorpusSource[];
  readonly placesPerFile: number;
  readonly vocabulary: LlamaVocabulary;
  /** The model, if it generates the text itself; else the actual text of a place is used. */
  readonly engine: Engine | undefined;
  readonly signal: AbortSignal;
  /** Called with each project's number. */
  readonly onProject: (number: number) => void;
}

/** Completes places in every project whose number is `remainder` modulo 2, so that the others can be held out. */
export async function runCalibration(
  { projectFolder, datastores, placesPerFile, vocabulary, engine, signal, onProject }: CalibrationRun,
  calibration: Calibration,
  remainder: number,
): Promise<Reliability> {
  const seen = new Reliability();
  const tokenizer = new WordTokenizer(vocabulary);
  const without = engine ? NOT_MEASURED : [...NOT_MEASURED, OWN];
  const memory = new DraftMemory(vocabulary, { calibration, onOffer: seen.onOffer, without });
  const random = randomNumbers(11 + remainder);
  let number = 0;
  for await (const files of projects(projectFolder, signal)) {
    onProject(++number);
    if (number % 2 !== remainder) continue;
    for (const found of heldOutPlaces(files, vocabulary, tokenizer, placesPerFile, random)) {
      const place = { ...found, corpora: [...found.corpora, ...datastores.map(withoutThrottle)] };
      if (engine) await generateAt(engine, memory, place, seen, signal);
      else replayPlace(memory, place, seen);
    }
  }
  return seen;
}

/** A source that is never paused for its low benefit, since the machine is only simulated. */
const withoutThrottle = (source: CorpusSource): CorpusSource => ({
  ...source,
  throttle: new SourceThrottle(),
});

/** Sources that depend on a user's work: suggested and accepted texts. */
const NOT_MEASURED: readonly SourceName[] = ["recent", "accepted"];
/** The source that depends on the model's own predictions. */
const OWN: SourceName = "recycling";

/** Fits weights to half of the projects, in passes of decreasing rates. Sources that are not fitted keep theirs. */
export async function fitCalibration(run: CalibrationRun): Promise<SavedCalibration> {
  let prior: readonly number[] = PRIOR_WEIGHTS;
  for (const rate of [0.03, 0.01, 0.003]) {
    const calibration = new Calibration({ prior, rate, pull: 0, bound: Number.POSITIVE_INFINITY });
    await runCalibration(run, calibration, 0);
    prior = calibration.save().weights;
  }
  return { version: CALIBRATION_VERSION, weights: prior };
}

/** Weights in the form of `prior.ts`. */
export function weightsText({ weights }: SavedCalibration): string {
  const row = (from: number, to: number) =>
    `  ...[${weights
      .slice(from, to)
      .map(weight => Number(weight.toFixed(2)))
      .join(", ")}],`;
  const sources = SOURCE_NAMES.map(
    (name, i) => `  // ${name}\n${row(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT)}`,
  );
  const none = `  // none of them: bias, depth\n${row(SOURCE_NAMES.length * FEATURE_COUNT, weights.length)}`;
  return [...sources, none].join("\n");
}
