/** Which model is loaded, and the loading of another: one at a time, the latest wins. */
import type { Engine, EngineProblem } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { messageOf } from "../system/index.ts";
import type { DraftModelSlot } from "./draftModelSlot.ts";
import type { Session } from "./session.ts";

export interface LoadedModel {
  readonly engine: Engine;
  /** Loads smaller models that draft for this one; absent where there is no way to. Disposed with it. */
  readonly draftModel?: DraftModelSlot | undefined;
  /**
   * Finds out how to run the model best, in a moment when nothing else is computed; absent when that is known.
   * Resolves to a sentence for the log, or undefined when it was aborted and is to be tried again.
   */
  readonly tune?: (signal: AbortSignal) => Promise<string | undefined>;
}

export type EngineOutcome = LoadedModel | { readonly problem: EngineProblem };

/**
 * Loads the model that the settings ask for.
 * @param smaller how often memory ran out while it computed: so much less is to be put into graphics memory
 * @param onShare is called now and then with how much of the model is in memory, 0 to 1
 */
export type LoadModel = (
  settings: Settings,
  smaller: number,
  onShare?: (share: number) => void,
) => Promise<EngineOutcome>;

/**
 * Owns the loaded model. Loading starts at once and in the background; whoever needs the model waits for
 * it. A reload waits until the session has let go of the old one.
 */
export class ModelHost {
  /** The loaded model; undefined as soon as it is to be replaced. */
  current: Engine | undefined;
  /** The model that drafts for it, as far as there is one. */
  draftModel: DraftModelSlot | undefined;
  private outcome: Promise<EngineOutcome> | undefined;
  /** The load that was asked for last; not `outcome` while another model serves meanwhile. */
  private latest: Promise<EngineOutcome> | undefined;
  /** Counts loads, so that a slow one does not pass for the latest. */
  private generation = 0;
  /** How often memory has run out since the model was loaded for another reason. */
  private smaller = 0;
  /** The freeing of a model that nothing took the place of at once. */
  private freeing: Promise<void> | undefined;

  constructor(
    private readonly load: LoadModel,
    private readonly session: Session,
  ) {}

  /**
   * Loads the model anew, in place of the one there is.
   * @param less whether memory ran out with it: less is put into graphics memory than the last time
   */
  reload(settings: Settings, less = false): Promise<EngineOutcome> {
    this.smaller = less ? this.smaller + 1 : 0;
    const previous = this.outcome;
    this.use(undefined);
    const generation = ++this.generation;
    const { freeing } = this;
    this.freeing = undefined;
    this.outcome = (async () => {
      await freeing;
      await this.release(previous);
      const loaded = await this.load(settings, this.smaller);
      if ("engine" in loaded && generation === this.generation) this.use(loaded);
      return loaded;
    })().catch(faultyLoad);
    this.latest = this.outcome;
    return this.outcome;
  }

  /**
   * Loads a model beside the one there is, which serves until the new one is there, and goes on where that cannot be
   * loaded.
   */
  exchange(settings: Settings): Promise<EngineOutcome> {
    const previous = this.outcome;
    const generation = ++this.generation;
    const loading = (async (): Promise<EngineOutcome> => {
      const loaded = await this.load(settings, 0);
      if ("problem" in loaded) return loaded;
      if (generation !== this.generation) {
        await disposeModel(loaded);
        return loaded;
      }
      this.smaller = 0;
      this.outcome = Promise.resolve(loaded);
      this.use(loaded);
      await this.release(previous);
      return loaded;
    })().catch(faultyLoad);
    this.latest = loading;
    return loading;
  }

  /** The model once it is loaded, or why it could not be; undefined if there is none and none under way. */
  async loaded(): Promise<EngineOutcome | undefined> {
    return this.outcome;
  }

  /** Whether no other load was asked for after this one. */
  isLatest(outcome: Promise<EngineOutcome> | undefined): boolean {
    return this.latest === outcome;
  }

  /** Whether there is no model, none under way, and none that failed. */
  get isEmpty(): boolean {
    return this.outcome === undefined;
  }

  /** Frees the model, if there is one. */
  async dispose(): Promise<void> {
    this.use(undefined);
    this.generation++;
    const last = this.outcome;
    this.outcome = undefined;
    this.latest = undefined;
    if (last) this.freeing = this.release(last);
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

/** A fault in the loader, or in freeing: the server stays up and says so. */
function faultyLoad(error: unknown): EngineOutcome {
  return {
    problem: { code: "modelInvalid", message: messageOf(error), remedy: "See the log: Foretoken: Show Log." },
  };
}
