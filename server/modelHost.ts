import type { Engine, EngineProblem } from "./engine/engine.ts";
import type { Settings } from "./protocol/settings.ts";
import type { Session } from "./session.ts";

export type EngineOutcome = { readonly engine: Engine } | { readonly problem: EngineProblem };

/** Loads the model that the settings ask for. */
export type LoadModel = (settings: Settings) => Promise<EngineOutcome>;

/**
 * Owns the loaded model. Loading starts at once and in the background; whoever needs the model waits for
 * it. A reload waits until the session has let go of the old one.
 */
export class ModelHost {
  private outcome: Promise<EngineOutcome> | undefined;

  constructor(
    private readonly load: LoadModel,
    private readonly session: Session,
  ) {}

  /** Loads the model anew, in place of the one there is. */
  reload(settings: Settings): Promise<EngineOutcome> {
    const previous = this.outcome;
    this.outcome = (async () => {
      await this.release(previous);
      try {
        return await this.load(settings);
      } catch (error) {
        // A fault in the loader: the server stays up and says so.
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

  async dispose(): Promise<void> {
    const last = this.outcome;
    this.outcome = undefined;
    await this.release(last);
  }

  private async release(previous: Promise<EngineOutcome> | undefined): Promise<void> {
    const outcome = await previous;
    if (!outcome || !("engine" in outcome)) return;
    await this.session.stop();
    await outcome.engine.dispose();
  }
}
