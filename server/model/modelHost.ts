/** Owns the loaded model and loads others: one at a time, the latest request wins. */
import type { Engine, EngineProblem, Placement } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { faultRemedy, messageOf } from "../system/index.ts";
import type { DraftModelSlot } from "./draftModelSlot.ts";
import type { Session } from "./session.ts";

export interface LoadedModel {
  readonly engine: Engine;
  /** How much of it is in graphics memory. */
  readonly placement?: Placement;
  /** Loads smaller models that draft for this one; absent if that is not possible. Disposed with it. */
  readonly draftModel?: DraftModelSlot | undefined;
  /**
   * Finds out how to run the model best while nothing else is computed; absent if that is known already.
   * Resolves to a sentence for the log, or undefined if it was aborted and must be tried again.
   */
  readonly tune?: (signal: AbortSignal) => Promise<string | undefined>;
  /** Whether `tune` can wait: the model was measured within the last hour, though other programs were busy. */
  readonly isTunedRoughly?: boolean;
}

export type EngineOutcome = LoadedModel | { readonly problem: EngineProblem };

/**
 * Loads the model that the settings ask for.
 * @param lessThan a placement with which graphics memory ran out during computation: less is put into it
 * @param onShare is called now and then with how much of the model is in memory, 0 to 1
 */
export type LoadModel = (
  settings: Settings,
  lessThan?: Placement,
  onShare?: (share: number) => void,
) => Promise<EngineOutcome>;

/**
 * Owns the loaded model. Loading starts at once and in the background; callers that need the model wait for
 * it. A reload waits until the session has stopped using the old one.
 */
export class ModelHost {
  /** The loaded model; undefined as soon as its replacement begins. */
  current: Engine | undefined;
  /** The slot for its draft model, if there is one. */
  draftModel: DraftModelSlot | undefined;
  private outcome: Promise<EngineOutcome> | undefined;
  /** The load that was requested last; not `outcome` while another model serves meanwhile. */
  private latest: Promise<EngineOutcome | undefined> | undefined;
  /** Counts loads, so that a slow one is not taken for the latest. */
  private generation = 0;
  /** The freeing of a model that was not replaced at once. */
  private freeing: Promise<void> | undefined;

  constructor(
    private readonly load: LoadModel,
    private readonly session: Session,
  ) {}

  /**
   * Loads the model again, in place of the present one.
   * @param less whether memory ran out with it: less is put into graphics memory than it has there
   */
  reload(settings: Settings, less = false): Promise<EngineOutcome> {
    const { outcome: previous, latest: underWay, freeing } = this;
    this.use(undefined);
    const generation = ++this.generation;
    this.freeing = undefined;
    this.outcome = (async () => {
      await freeing;
      await underWay;
      await this.release(previous);
      const present = less ? await previous : undefined;
      const lessThan = present && "engine" in present ? present.placement : undefined;
      const loaded = await this.load(settings, lessThan);
      if ("engine" in loaded && generation === this.generation) this.use(loaded);
      return loaded;
    })().catch(faultyLoad);
    this.latest = this.outcome;
    return this.outcome;
  }

  /**
   * Loads a model beside the present one, which serves until the new one is loaded, and stays in use if the new one cannot
   * be loaded. Resolves to undefined if another load was requested before this one began.
   */
  exchange(settings: Settings): Promise<EngineOutcome | undefined> {
    const { outcome: previous, latest: underWay } = this;
    const generation = ++this.generation;
    const loading = (async (): Promise<EngineOutcome | undefined> => {
      // There is memory for one model beside the present one, not for several.
      await underWay;
      if (generation !== this.generation) return undefined;
      const loaded = await this.load(settings);
      if ("problem" in loaded) return loaded;
      if (generation !== this.generation) {
        await disposeModel(loaded);
        return loaded;
      }
      this.outcome = Promise.resolve(loaded);
      this.use(loaded);
      await this.release(previous);
      return loaded;
    })().catch(faultyLoad);
    this.latest = loading;
    return loading;
  }

  /** The model once it is loaded, or why it could not be; undefined if none is loaded or loading. */
  async loaded(): Promise<EngineOutcome | undefined> {
    return this.outcome;
  }

  /** Whether no other load was requested after this one. */
  isLatest(outcome: Promise<EngineOutcome | undefined> | undefined): boolean {
    return this.latest === outcome;
  }

  /** Whether no model is loaded, none is loading, and none has failed to load. */
  get isEmpty(): boolean {
    return this.outcome === undefined;
  }

  /** Frees the model, if there is one. */
  async dispose(): Promise<void> {
    this.use(undefined);
    this.generation++;
    const { outcome: last, latest: underWay } = this;
    this.outcome = undefined;
    this.latest = undefined;
    if (last) this.freeing = Promise.all([this.release(last), underWay]).then(() => {});
    await this.freeing;
  }

  private async release(previous: Promise<EngineOutcome> | undefined): Promise<void> {
    const outcome = await previous;
    if (!outcome || !("engine" in outcome)) return;
    await this.session.stop();
    await disposeModel(outcome);
  }

  private use(loaded: LoadedModel | undefined): void {
    this.current = loaded?.engine;
    this.draftModel = loaded?.draftModel;
  }
}

export async function disposeModel({ engine, draftModel }: LoadedModel): Promise<void> {
  await draftModel?.dispose();
  await engine.dispose();
}

/** A fault in the loader, or in freeing, becomes a problem: the server keeps running and reports it. */
function faultyLoad(error: unknown): EngineOutcome {
  const message = messageOf(error);
  return { problem: { code: "modelInvalid", message, remedy: faultRemedy(message) } };
}
