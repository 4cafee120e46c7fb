/** Holds the draft model of a loaded model: at most one at a time, the one requested last. */
import type { Engine, EngineProblem } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";

/** A draft model that is in memory and not yet in use. */
export interface LoadedDraftModel {
  readonly engine: Engine;
  /** Measures the model while nothing else is computed; false if that was aborted and must be tried again. */
  readonly tune: (signal: AbortSignal) => Promise<boolean>;
}

/** The draft model, loaded on each device that may be the fastest for it. */
interface LoadedCandidates {
  readonly candidates: readonly LoadedDraftModel[];
}

export type DraftModelOutcome = LoadedCandidates | { readonly problem: EngineProblem } | undefined;

/** Loads the draft model that the settings choose; undefined if they choose none. */
export type LoadDraftModel = (settings: Settings) => Promise<DraftModelOutcome>;

/** Owns the draft model of one loaded model, whose owner must dispose this first. */
export class DraftModelSlot {
  /** The draft model, once it may be used. */
  engine: Engine | undefined;
  private owned: readonly Engine[] = [];
  /** Counts the requests, so that a slow load is not taken for the latest. */
  private generation = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly load: LoadDraftModel) {}

  /**
   * Replaces the draft model by the one that the settings choose, on the device where it decodes a token fastest. Resolves
   * to the problem if it could not be loaded.
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
      // A request that is replaced while it waits is not measured.
      const measured = await whenIdle(async signal => !isLatest() || (await tune(signal)));
      if (!isLatest()) return undefined;
      if (!measured) return this.giveUp(loaded.candidates);
    }
    const [quickest, ...others] = [...this.owned].sort((a, b) => a.cost(1) - b.cost(1));
    this.engine = quickest;
    this.owned = quickest ? [quickest] : [];
    // The next load, or the disposal of the model this one drafts for, waits until these are freed.
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
