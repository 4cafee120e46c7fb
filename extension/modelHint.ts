/** After a day with the included small model, shows a single hint at the model recommended for this machine. */
import type { ModelEntry, ModelList, Status } from "../server/protocol/index.ts";
import type { Ask, Memory } from "./memory.ts";
import { sizeText, timeText } from "./modelItems.ts";

const KEY = "foretoken.modelHint";
const DAY_MS = 86_400_000;
/** Least time between two searches for a model to recommend. */
const LOOK_MS = 3_600_000;
const FETCH = "Fetch It";
const CHOOSE = "Choose Another";

/** Since when completions have been used. */
interface Use {
  /** When the first completion was shown; milliseconds since 1970. */
  readonly since: number;
  /** Whether the hint has been given. */
  readonly isGiven: boolean;
}

interface HintParts {
  readonly memory: Memory;
  readonly ask: Ask;
  listModels(): Promise<ModelList>;
  /** Whether the included model is in use. */
  isSmallModel(): boolean;
  /** Lets the user choose a model, or takes the named one. */
  choose(reference?: string): Thenable<unknown>;
  /** Milliseconds since 1970. */
  now(): number;
}

export class ModelHint {
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Suggestions that the last status counted; a new server counts from 0. */
  private shown = 0;

  constructor(private readonly parts: HintParts) {}

  /** Records that completions are used. Resolves when the hint, if one is shown, has been answered. */
  async follow({ suggestions }: Pick<Status, "suggestions">): Promise<void> {
    const shown = suggestions?.shown ?? 0;
    // Any status repeats the count: a window that is left open is not in use.
    const isUsed = shown > this.shown;
    this.shown = shown;
    if (!isUsed) return;
    const { now, isSmallModel, listModels } = this.parts;
    const use = await this.recordUse();
    const isDue = !use.isGiven && now() - use.since >= DAY_MS && isSmallModel();
    if (!isDue || now() - this.lookedAt < LOOK_MS) return;
    this.lookedAt = now();
    const model = (await listModels()).models.find(({ recommended }) => recommended);
    // None before this machine has been measured.
    if (model) await this.give(model, use);
  }

  private async recordUse(): Promise<Use> {
    const { memory, now } = this.parts;
    const known = memory.get<Use>(KEY);
    if (known) return known;
    const use = { since: now(), isGiven: false };
    await memory.update(KEY, use);
    return use;
  }

  private async give(model: ModelEntry, use: Use): Promise<void> {
    const { memory, ask, choose } = this.parts;
    const given = memory.update(KEY, { ...use, isGiven: true });
    const chosen = await ask(hintText(model), FETCH, CHOOSE);
    await given;
    if (chosen === FETCH) await choose(model.reference);
    if (chosen === CHOOSE) await choose();
  }
}

function hintText({ title, bytes, lineMs, singleLine }: ModelEntry): string {
  const facts = [
    ...(singleLine === undefined ? [] : [`fills in ${singleLine}% of HumanEval's single lines`]),
    ...(lineMs === undefined ? [] : [`a line in about ${timeText(lineMs)}`]),
    ...(bytes === undefined ? [] : [`${sizeText(bytes)} to fetch`]),
  ];
  return `Foretoken: completions come from the small included model. ${title} is recommended for this machine: ${facts.join(", ")}.`;
}
