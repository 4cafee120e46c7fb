/** Notices that first lines take long with a model, and reports once what would help. */
import type { Engine } from "../engine/index.ts";
import type { SlowLines } from "../protocol/index.ts";
import { median } from "../system/index.ts";
import { type SlowFacts, slowAdvice } from "./slowAdvice.ts";

/** First lines that take longer are slow. */
const SLOW_MS = 1_000;
/** Number of completions whose median counts. */
const LOOKED_AT = 10;

/** A completion that somebody waited for; times in milliseconds since computing began. */
interface LineTimes {
  readonly lineMs: number;
  readonly prefillMs: number;
  /** Prompt tokens that were computed. */
  readonly computedTokens: number;
}

interface SlowDependencies {
  choices(): Promise<SlowFacts["choices"]>;
  /** A back end that works here and is better than the engine's; undefined if there is none. */
  betterBackend(engine: Engine, storageDirectory: string | undefined): Promise<string | undefined>;
  /** Called at most once for each loaded model. */
  report(slow: SlowLines): void;
  isCurrent(engine: Engine): boolean;
}

export class SlowRule {
  private engine: Engine | undefined;
  private times: LineTimes[] = [];
  private isTold = false;
  private storageDirectory: string | undefined;

  constructor(private readonly parts: SlowDependencies) {}

  /** Called once the storage directory is known. */
  start(storageDirectory: string | undefined): void {
    this.storageDirectory = storageDirectory;
  }

  /** Records a completion; resolves when any report that follows from it has been made. */
  async observe(engine: Engine, times: LineTimes): Promise<void> {
    if (this.engine !== engine) {
      this.engine = engine;
      this.times = [];
      this.isTold = false;
    }
    this.times.push(times);
    if (this.times.length > LOOKED_AT) this.times.shift();
    const of = (key: keyof LineTimes) => median(this.times.map(each => each[key]));
    // Before the model has been measured, the time that other models would take is not known.
    const isMeasured = engine.prefillMsPerToken !== undefined;
    if (this.isTold || !isMeasured || this.times.length < LOOKED_AT || of("lineMs") <= SLOW_MS) return;
    this.isTold = true;
    const measured = {
      lineMs: of("lineMs"),
      prefillMs: of("prefillMs"),
      computedTokens: of("computedTokens"),
    };
    const { contextTokens, modelName } = engine.info;
    const betterBackend = await this.parts.betterBackend(engine, this.storageDirectory);
    const choices = await this.parts.choices();
    const advice = slowAdvice({ ...measured, contextTokens, choices, betterBackend });
    if (advice.length > 0 && this.parts.isCurrent(engine))
      this.parts.report({ model: modelName, lineMs: measured.lineMs, advice });
  }
}
