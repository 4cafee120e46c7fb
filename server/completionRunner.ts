/**
 * Computes completions, one at a time, and keeps what was said. The one under way survives keystrokes that agree
 * with it and ends at once with an edit that does not.
 */
import { type CompleteOptions, type Completion, complete, type FinishReason } from "./complete.ts";
import { CompletionCache } from "./completionCache.ts";
import type { Engine } from "./engine/engine.ts";
import { LiveCompletion, type LiveEnd } from "./liveCompletion.ts";
import type { Session } from "./session.ts";
import type { Grammars } from "./stream/grammars.ts";
import type { Cursor } from "./textPlace.ts";
import type { TokenLedger } from "./tokenLedger.ts";

export interface RunnerParts {
  readonly session: Session;
  readonly grammars: Grammars;
  readonly ledger: TokenLedger;
  /** How a completion of a document is computed now. */
  options(engine: Engine, uri: string): CompleteOptions;
  /** Whether `engine` is still the loaded model. */
  isCurrent(engine: Engine): boolean;
  /** Told that something is computed that somebody waits for. */
  working(): void;
  /** Told each end; `isLatest` where nothing else is live. */
  ended(engine: Engine, live: LiveCompletion, end: LiveEnd, isLatest: boolean): void;
}

/** Ends at which the same would be said again. */
const LASTING: ReadonlySet<FinishReason> = new Set<FinishReason>([
  "endOfText",
  "maxTokens",
  "lineEnd",
  "statementEnd",
  "blockEnd",
  "bracket",
  "suffix",
  "repetition",
]);

export class CompletionRunner {
  readonly cache = new CompletionCache();
  private live: LiveCompletion | undefined;
  /** Counts changes of what a completion depends on besides the document. */
  private generation = 0;

  constructor(private readonly parts: RunnerParts) {}

  /** The completion under way, if it may say something at the cursor. */
  at(cursor: Cursor): LiveCompletion | undefined {
    const { live } = this;
    if (!live || live.signal.aborted) return undefined;
    const typed = live.typed(cursor);
    return typed !== undefined && (typed === "" || live.agrees(typed)) ? live : undefined;
  }

  /** Begins a completion in place of the one under way. */
  start(engine: Engine, cursor: Cursor): LiveCompletion {
    const live = new LiveCompletion(cursor, this.parts.ledger.begin());
    this.live = live;
    const { generation } = this;
    // Where a text ends is decided otherwise before the grammar is there.
    const isSettled = this.parts.grammars.isSettled(cursor.snapshot.languageId);
    const finish = (end: LiveEnd) => {
      if (end.kind === "completed") live.ledger.decoded(end.completion.tokens);
      if (end.kind === "completed" && isSettled && generation === this.generation)
        this.keep(live, end.completion);
      const isLatest = this.live === live;
      if (isLatest) this.live = undefined;
      live.finish(end);
      this.parts.ended(engine, live, end, isLatest);
    };
    this.parts.session
      .run(live.signal, signal => this.compute(engine, live, signal))
      .then(
        completion => finish(completion ? { kind: "completed", completion } : { kind: "replaced" }),
        (error: unknown) => finish({ kind: "faulty", error }),
      );
    return live;
  }

  /** Ends the completion under way where the edited document has left it behind. */
  edited({ snapshot, hash }: Cursor): void {
    const { live } = this;
    if (!live || live.place.uri !== snapshot.uri) return;
    if (!live.outlives({ snapshot, hash })) live.abort();
  }

  /** Ends what is computed for a document that is open no more. */
  closed(uri: string): void {
    if (this.live?.place.uri === uri) this.live.abort();
  }

  /** Forgets what was said: another model or other settings would say something else. */
  forget(): void {
    this.generation++;
    this.cache.clear();
  }

  private async compute(
    engine: Engine,
    live: LiveCompletion,
    signal: AbortSignal,
  ): Promise<Completion | undefined> {
    // The model may have been replaced while this waited for its turn.
    if (!this.parts.isCurrent(engine)) return undefined;
    this.parts.working();
    live.startedMs = performance.now();
    const { snapshot } = live.cursor;
    const growing = complete(engine, snapshot, this.parts.options(engine, snapshot.uri), signal);
    for (;;) {
      const { value, done } = await growing.next();
      if (done) return value;
      live.grow(value);
    }
  }

  private keep({ place, ledger }: LiveCompletion, { text, finishReason }: Completion): void {
    if (LASTING.has(finishReason)) this.cache.add({ place, text, finishReason, ledger });
  }
}
