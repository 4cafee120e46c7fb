/** The place of a model that drafts for a loaded one: at most one at a time, the one asked for last. */
import type { Engine, EngineProblem } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";

/** A drafting model that is in memory and not yet in use. */
export interface LoadedDraftModel {
  readonly engine: Engine;
  /** Measures it, in a moment when nothing else is computed; false when that was aborted and is to be tried again. */
  readonly tune: (signal: AbortSignal) => Promise<boolean>;
}

/** The drafting model, on each device that may be the quickest for it. */
interface LoadedCandidates {
  readonly candidates: readonly LoadedDraftModel[];
}

export type DraftModelOutcome = LoadedCandidates | { readonly problem: EngineProblem } | undefined;

/** Loads the drafting model that the settings choose; undefined where they choose none. */
export type LoadDraftModel = (settings: Settings) => Promise<DraftModelOutcome>;

/** Owns the drafting model of one loaded model, whose owner disposes it before that. */
export class DraftModelSlot {
  /** The model, once it may be used. */
  engine: Engine | undefined;
  private owned: readonly Engine[] = [];
  /** Counts what was asked for, so that a slow load does not pass for the latest. */
  private generation = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly load: LoadDraftModel) {}

  /**
   * Loads what the settings choose, in place of what there is: where it decodes a token soonest. Resolves to why it could
   * not be, if so.
   * @param whenIdle runs the measurement while nothing else is computed
   */
  async use(
    settings: Settings,
    whenIdle: (work: LoadedDraftModel["tune"]) => Promise<boolean>,
  ): Promise<EngineProblem | undefined> {
    const generation = ++this.generation;
    const isLatest = () => generation === this.generation;
    const previous = this.last;
    const loading = (async () => {
      await previous;
      await this.release();
      const loaded = isLatest() ? await this.load(settings) : undefined;
      if (loaded && "candidates" in loaded) this.owned = loaded.candidates.map(({ engine }) => engine);
      return loaded;
    })();
    this.last = loading.catch(() => {});
    const loaded = await loading;
    if (!loaded || !isLatest()) return undefined;
    if ("problem" in loaded) return loaded.problem;
    for (const { tune } of loaded.candidates) {
      // One that is given up while it waits is not waited for.
      const measured = await whenIdle(async signal => !isLatest() || (await tune(signal)));
      if (!isLatest()) return undefined;
      if (!measured) return this.giveUp(loaded.candidates);
    }
    const [quickest, ...others] = [...this.owned].sort((a, b) => a.cost(1) - b.cost(1));
    this.engine = quickest;
    this.owned = quickest ? [quickest] : [];
    // Whoever loads another, or frees the model this one drafts for, waits for it.
    const freeing = disposeAll(others);
    this.last = freeing.catch(() => {});
    await freeing;
    return undefined;
  }

  async dispose(): Promise<void> {
    this.generation++;
    this.engine = undefined;
    await this.last;
    await this.release();
  }

  /** Frees models that could not be measured. */
  private async giveUp([one]: readonly LoadedDraftModel[]): Promise<EngineProblem> {
    const releasing = this.release();
    this.last = releasing.catch(() => {});
    await releasing;
    return {
      code: "modelUnsuitable",
      message: `Decoding with ${one?.engine.info.modelPath} failed.`,
      remedy: 'Choose another file in the setting "foretoken.draftModel", or clear it.',
    };
  }

  private async release(): Promise<void> {
    const { owned } = this;
    this.engine = undefined;
    this.owned = [];
    await disposeAll(owned);
  }
}

async function disposeAll(engines: readonly Engine[]): Promise<void> {
  for (const engine of engines) await engine.dispose();
}
