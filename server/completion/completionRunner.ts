/**
 * Computes completions, one at a time, and keeps their texts. The one under way survives keystrokes that agree with it
 * and ends at once with an edit that does not. In pauses it may compute a completion that nobody has asked for yet; a
 * request for the same completion joins it, any other request ends it.
 */

import type { Engine } from "../engine/index.ts";
import type { Session } from "../model/index.ts";
import type { FinishReason } from "../protocol/index.ts";
import { type Grammars, regionAt } from "../syntax/index.ts";
import { drain } from "../system/index.ts";
import type { Cursor, DocumentPosition } from "../text/index.ts";
import { type CompleteOptions, type Completion, complete } from "./complete.ts";
import { CompletionCache } from "./completionCache.ts";
import { isGivenUp, LiveCompletion, type LiveEnd, survives } from "./liveCompletion.ts";
import type { TokenUsage } from "./tokenUsage.ts";

/** A completion that computes no more. */
export interface EndedCompletion {
  readonly engine: Engine;
  readonly live: LiveCompletion;
  readonly end: LiveEnd;
  /**
   * Whether it was the completion that requests are answered from; false for one computed ahead that nobody has asked
   * for, and for one that another has replaced.
   */
  readonly isLatest: boolean;
}

interface RunnerDependencies {
  readonly session: Session;
  readonly grammars: Grammars;
  readonly usage: TokenUsage;
  /** How a completion of a document is computed now. @param explicit whether the user has requested it explicitly */
  options(engine: Engine, uri: string, explicit: boolean): CompleteOptions;
  /** Whether `engine` is still the loaded model. */
  isCurrent(engine: Engine): boolean;
  /** Whether another model replaces `engine`. */
  isReplaced(engine: Engine): boolean;
  /** Called when the engine's memory ran out during a completion: the model may be replaced by one that needs less. */
  outOfMemory(engine: Engine): void;
  /** Called when a completion that somebody waits for is being computed. */
  working(): void;
  /** Called with each end. */
  ended(ended: EndedCompletion): void;
}

/**
 * Ends after which a completion is cached: the same would be generated again. A full context, exhausted memory, a fault and
 * an abort are not among them. Not to be confused with `FINAL_ENDS`, which says whether a text may still grow.
 */
const CACHED_ENDS: ReadonlySet<FinishReason> = new Set<FinishReason>([
  "endOfText",
  "maxTokens",
  "lineEnd",
  "maxLines",
  "statementEnd",
  "blockEnd",
  "bracket",
  "suffix",
  "repetition",
  "invalid",
  "fence",
  "closersOnly",
  "lowConfidence",
]);

/** A text that is suggested for a place. */
export interface SuggestedText {
  readonly place: DocumentPosition;
  readonly text: string;
}

/** A completion of the document as it will be after suggestions are accepted. */
interface Ahead {
  readonly live: LiveCompletion;
  readonly suggestions: readonly SuggestedText[];
}

export class CompletionRunner {
  readonly cache = new CompletionCache();
  private live: LiveCompletion | undefined;
  private ahead: Ahead | undefined;
  /** Counts changes of what a completion depends on besides the document. */
  private generation = 0;
  /** The model that generated the cached completions. */
  private engine: Engine | undefined;

  constructor(private readonly parts: RunnerDependencies) {}

  /**
   * The completion under way, if it may have text for the cursor. One that was computed ahead counts as requested from now on.
   * @param explicit whether the user asks explicitly: a completion that may hold its text back does not answer that
   */
  at(cursor: Cursor, explicit: boolean): LiveCompletion | undefined {
    if (this.ahead && saysSomethingAt(this.ahead.live, cursor, explicit)) {
      this.live = this.ahead.live;
      this.ahead = undefined;
      this.parts.working();
    }
    return this.live && saysSomethingAt(this.live, cursor, explicit) ? this.live : undefined;
  }

  /** Begins a completion in place of the one under way. */
  start(engine: Engine, cursor: Cursor, explicit: boolean): LiveCompletion {
    this.ahead?.live.abort();
    const live = new LiveCompletion(cursor, this.parts.usage.begin(), explicit);
    this.live = live;
    this.run(engine, live, () => this.parts.working());
    return live;
  }

  /**
   * Begins a completion that nobody has asked for yet; undefined while something else is computed.
   * @param suggestions must be accepted before its place exists: an edit that disagrees with all of them ends it
   */
  startAhead(
    engine: Engine,
    cursor: Cursor,
    suggestions: readonly SuggestedText[],
  ): LiveCompletion | undefined {
    return this.parts.session.idle ? this.runAhead(engine, cursor, suggestions) : undefined;
  }

  /**
   * Begins a completion that is about to be requested; undefined if one under way is still useful. It replaces a completion
   * that was given up, and work that is done in pauses.
   */
  startEarly(engine: Engine, cursor: Cursor): LiveCompletion | undefined {
    const isOfUse = [this.live, this.ahead?.live].some(live => live && !live.signal.aborted);
    return isOfUse ? undefined : this.runAhead(engine, cursor, []);
  }

  private runAhead(engine: Engine, cursor: Cursor, suggestions: readonly SuggestedText[]): LiveCompletion {
    const live = new LiveCompletion(cursor, this.parts.usage.begin(), false);
    this.ahead = { live, suggestions };
    this.run(engine, live, () => {});
    return live;
  }

  /** What is computed ahead for this very place. */
  aheadAt(cursor: Cursor): LiveCompletion | undefined {
    const live = this.ahead?.live;
    return live && !live.signal.aborted && live.typed(cursor) === "" ? live : undefined;
  }

  private run(engine: Engine, live: LiveCompletion, begun: () => void): void {
    this.adopt(engine);
    const { generation } = this;
    // Before the grammar is loaded, other rules decide where a text ends.
    const isSettled = this.parts.grammars.isSettled(regionAt(live.cursor.snapshot).languageId);
    const finish = (ended: LiveEnd) => {
      if (isShortOfMemory(ended) && this.parts.isCurrent(engine)) this.parts.outOfMemory(engine);
      const end = this.lostItsModel(engine, live, ended) ? { kind: "modelReplaced" as const } : ended;
      if (end.kind === "completed") live.usage.decoded(end.completion.tokens);
      if (end.kind === "completed" && isSettled && generation === this.generation)
        this.keep(live, end.completion);
      if (this.ahead?.live === live) this.ahead = undefined;
      const isLatest = this.live === live;
      if (isLatest) this.live = undefined;
      live.finish(end);
      this.parts.ended({ engine, live, end, isLatest });
    };
    this.parts.session
      .run(live.signal, signal => this.compute(engine, live, signal, begun))
      .then(
        completion => finish(completion ? { kind: "completed", completion } : { kind: "replaced" }),
        // A fault of ours must not take the server down.
        (error: unknown) => finish({ kind: "faulty", error }),
      );
  }

  /** Whether a completion ended without text only because its model was replaced. */
  private lostItsModel(engine: Engine, live: LiveCompletion, end: LiveEnd): boolean {
    return (
      (isGivenUp(end) || isShortOfMemory(end)) &&
      this.live === live &&
      live.text === "" &&
      !live.signal.aborted &&
      this.parts.isReplaced(engine)
    );
  }

  /** The documents something is computed for. */
  get uris(): string[] {
    return [this.live, this.ahead?.live].flatMap(live => live?.place.uri ?? []);
  }

  /** Ends completions that no longer fit the edited document. */
  edited(cursor: Cursor): void {
    const { uri } = cursor.snapshot;
    const { live, ahead } = this;
    if (live?.place.uri === uri && !live.outlives(cursor)) live.abort();
    if (ahead?.live.place.uri !== uri) return;
    const mayComeAbout = ahead.suggestions.some(({ place, text }) => survives(place, text, true, cursor));
    if (!mayComeAbout && !ahead.live.outlives(cursor)) ahead.live.abort();
  }

  /** Ends completions of a document that was closed. */
  closed(uri: string): void {
    for (const each of [this.live, this.ahead?.live]) if (each?.place.uri === uri) each.abort();
  }

  /** A model has been loaded, or is used: texts of another model are forgotten. */
  adopt(engine: Engine): void {
    // A request that waited for the model may use it before all parts are told that it is loaded.
    if (engine === this.engine) return;
    this.engine = engine;
    this.forget();
  }

  /** Forgets what was generated: another model or other settings would continue differently. */
  forget(): void {
    this.generation++;
    this.cache.clear();
  }

  private async compute(
    engine: Engine,
    live: LiveCompletion,
    signal: AbortSignal,
    begun: () => void,
  ): Promise<Completion | undefined> {
    // The model may have been replaced while this waited for its turn.
    if (!this.parts.isCurrent(engine)) return undefined;
    begun();
    live.startedMs = performance.now();
    const { snapshot } = live.cursor;
    const growing = complete(
      engine,
      snapshot,
      this.parts.options(engine, snapshot.uri, live.explicit),
      signal,
    );
    return drain(growing, text => live.grow(text));
  }

  private keep({ place, usage, explicit }: LiveCompletion, completion: Completion): void {
    const { text, finishReason, confidence } = completion;
    if (CACHED_ENDS.has(finishReason))
      this.cache.add({ place, text, finishReason, confidence, explicit, usage });
  }
}

const isShortOfMemory = (end: LiveEnd) =>
  end.kind === "completed" && end.completion.finishReason === "outOfMemory";

function saysSomethingAt(live: LiveCompletion, cursor: Cursor, explicit: boolean): boolean {
  if (live.signal.aborted || (explicit && !live.explicit && live.text === "")) return false;
  const typed = live.typed(cursor);
  return typed !== undefined && live.agrees(typed);
}
