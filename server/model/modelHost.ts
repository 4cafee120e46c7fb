/** Which model is loaded, and the loading of another: one at a time, the latest wins. */
import type { Engine, EngineProblem } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import type { Session } from "./session.ts";

export interface LoadedModel {
  readonly engine: Engine;
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
 */
export type LoadModel = (settings: Settings, smaller: number) => Promise<EngineOutcome>;

/**
 * Owns the loaded model. Loading starts at once and in the background; whoever needs the model waits for
 * it. A reload waits until the session has let go of the old one.
 */
export class ModelHost {
  /** The loaded model; undefined as soon as it is to be replaced. */
  current: Engine | undefined;
  private outcome: Promise<EngineOutcome> | undefined;
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
    this.current = undefined;
    const generation = ++this.generation;
    const { freeing } = this;
    this.freeing = undefined;
    this.outcome = (async () => {
      try {
        await freeing;
        await this.release(previous);
        const loaded = await this.load(settings, this.smaller);
        if ("engine" in loaded && generation === this.generation) this.current = loaded.engine;
        return loaded;
      } catch (error) {
        // A fault in the loader, or in freeing: the server stays up and says so.
        const message = error instanceof Error ? error.message : String(error);
        return { problem: { code: "modelInvalid", message, remedy: "See the log: Foretoken: Show Log." } };
      }
    })();
    return this.outcome;
  }

  /** The model, once it is loaded; undefined when it could not be. */
  async engine(): Promise<Engine | undefined> {
    const outcome = await this.outcome;
    return outcome && "engine" in outcome ? outcome.engine : undefined;
  }

  /** Whether no other load was asked for after this one. */
  isLatest(outcome: Promise<EngineOutcome> | undefined): boolean {
    return this.outcome === outcome;
  }

  /** Whether there is no model, none under way, and none that failed. */
  get isEmpty(): boolean {
    return this.outcome === undefined;
  }

  /** Frees the model, if there is one. */
  async dispose(): Promise<void> {
    this.current = undefined;
    this.generation++;
    const last = this.outcome;
    this.outcome = undefined;
    if (last) this.freeing = this.release(last);
    await this.freeing;
  }

  private async release(previous: Promise<EngineOutcome> | undefined): Promise<void> {
    const outcome = await previous;
    if (!outcome || !("engine" in outcome)) return;
    await this.session.stop();
    await outcome.engine.dispose();
  }
}
