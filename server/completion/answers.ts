/** Answers requests for completions: from memory, from the completion under way, or from a new one. */
import type { InlineCompletionItem } from "vscode-languageserver";
import type { StatusBoard } from "../lsp/index.ts";
import { type ModelFeature, OUT_OF_MEMORY } from "../model/index.ts";
import { languageEnabled, type Outcome, type Settings } from "../protocol/index.ts";
import { faultRemedy } from "../system/index.ts";
import type { Completion } from "./complete.ts";
import type { Found } from "./completionCache.ts";
import type { CompletionRunner } from "./completionRunner.ts";
import type { CompletionTarget } from "./completionTarget.ts";
import type { Drafts } from "./drafts.ts";
import { isGivenUp, type LiveCompletion, type LiveEnd } from "./liveCompletion.ts";
import type { OpenRequest } from "./outcome.ts";
import { sleep } from "./sleep.ts";
import type { Suggestion, Suggestions } from "./suggestions.ts";

interface AnswerDependencies {
  readonly runner: CompletionRunner;
  readonly suggestions: Suggestions;
  readonly drafts: Pick<Drafts, "shown">;
  readonly board: Pick<StatusBoard, "current">;
  readonly model: Pick<ModelFeature, "loaded">;
  /** Settings as they are now. */
  settings(): Settings;
  /** Milliseconds without another key before anything is computed. */
  delayMs(): number;
  /** Milliseconds since the document was edited; infinite where it never was. */
  sinceEditMs(uri: string): number;
}

/** One request on its way to an answer. */
interface PendingRequest {
  readonly target: CompletionTarget;
  readonly request: OpenRequest;
  /** Shows text before the answer. */
  readonly show: (item: InlineCompletionItem) => void;
  readonly signal: AbortSignal;
}

type Followed =
  | { readonly kind: "ended"; readonly text: string; readonly end: LiveEnd }
  | { readonly kind: "aborted"; readonly text: string }
  | { readonly kind: "diverged" };

/** The request was given up before anything was computed for it. */
const NOTHING_BEGUN = { kind: "aborted", text: "" } as const;

export class Answers {
  /** The request that waits before computing: its document, and the controller that ends the wait. */
  private waiting: { readonly uri: string; readonly controller: AbortController } | undefined;
  private newest: PendingRequest | undefined;

  constructor(private readonly parts: AnswerDependencies) {}

  /** A document was edited or closed: a request that waits to compute for its old text is dropped. */
  changed(uri: string): void {
    if (this.waiting?.uri === uri) this.waiting.controller.abort();
  }

  /**
   * The items to show: none if there is nothing to show, which takes older ones off the screen; null if the request
   * was given up, since a newer one may have shown its own. Records how the request ended.
   */
  async answer(asking: PendingRequest): Promise<InlineCompletionItem[] | null> {
    const { target, request } = asking;
    this.newest = asking;
    const { runner, suggestions } = this.parts;
    const found = runner.cache.find(target.cursor, target.explicit);
    if (found) return this.answerFromCache(found, asking);
    const suggestion = suggestions.begin(target);
    for (;;) {
      const live = runner.at(target.cursor, target.explicit) ?? (await this.begin(asking));
      if (live === "failed") return [];
      const followed = live ? await this.follow(live, suggestion, asking) : NOTHING_BEGUN;
      // The user had typed ahead of the text, which then continued differently.
      if (followed.kind === "diverged") continue;
      if (followed.kind === "ended" && followed.end.kind === "modelReplaced" && this.newest === asking)
        continue;
      const { outcome, text, completion } = conclusion(followed);
      if (outcome.kind === "empty") live?.usage.use();
      request.end(outcome, text, completion);
      if (outcome.kind === "aborted") return null;
      return outcome.kind === "shown" ? [suggestions.send(suggestion, text)] : [];
    }
  }

  /** Answers with what was computed before. */
  private async answerFromCache(
    { kind, text, completion }: Found,
    { target, request, signal }: PendingRequest,
  ): Promise<InlineCompletionItem[] | null> {
    const { suggestions, drafts } = this.parts;
    // While the user types the suggested text, it is on the screen already.
    const isOnScreen = kind === "typedThrough" && completion.usage.isUsed;
    completion.usage.use();
    if (text === "") {
      request.end(nothing(completion));
      return [];
    }
    if (!isOnScreen) await sleep(this.showInMs(target), signal);
    request.end(signal.aborted ? { kind: "aborted" } : { kind }, text);
    if (signal.aborted) return null;
    drafts.shown(target.cursor.snapshot, text);
    const suggestion = suggestions.begin(target);
    suggestion.isRest = isOnScreen;
    return [suggestions.send(suggestion, text)];
  }

  /**
   * Begins a completion for a request. Undefined if the request was given up first; `"failed"` if the request was already
   * ended with an error.
   */
  private async begin({
    target,
    request,
    signal,
  }: PendingRequest): Promise<LiveCompletion | "failed" | undefined> {
    this.waiting?.controller.abort();
    const controller = new AbortController();
    this.waiting = { uri: target.cursor.snapshot.uri, controller };
    const given = AbortSignal.any([signal, controller.signal]);
    const { model, board, runner, settings } = this.parts;
    const delayMs = target.explicit ? 0 : this.parts.delayMs();
    await sleep(delayMs - request.elapsedMs, given);
    if (given.aborted) return undefined;
    const outcome = await model.loaded();
    const engine = outcome && "engine" in outcome ? outcome.engine : undefined;
    if (!engine) {
      const { message = "There is no model.", remedy = "" } =
        outcome && "problem" in outcome ? outcome.problem : board.current;
      request.end({ kind: "failed", message, remedy });
      return "failed";
    }
    // Completions may have been switched off meanwhile.
    const isOn = languageEnabled(settings(), target.cursor.snapshot.languageId);
    if (given.aborted || !isOn) return undefined;
    const { cursor, explicit } = target;
    return runner.at(cursor, explicit) ?? runner.start(engine, cursor, explicit);
  }

  /** Shows a completion's text beyond what has been typed, until it ends or no longer agrees. */
  private async follow(
    live: LiveCompletion,
    suggestion: Suggestion,
    { target, request, show, signal }: PendingRequest,
  ): Promise<Followed> {
    const isOnScreen = live.usage.isUsed;
    request.follows(live.awaited);
    const leave = live.join();
    const cancelled = new Promise<void>(resolve => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const typed = live.typed(target.cursor) ?? "";
    suggestion.isRest = isOnScreen;
    let shown = 0;
    try {
      if (!isOnScreen) await sleep(this.showInMs(target), signal);
      for (;;) {
        const text = live.remainder(typed) ?? "";
        if (signal.aborted) return { kind: "aborted", text };
        if (live.startedMs !== undefined) request.computing(live.startedMs);
        if (text.length > shown) {
          shown = text.length;
          live.usage.use();
          request.hasText();
          show(suggestion.item(text));
        }
        // A newer completion replaced it, so text typed ahead of it must not start another one.
        if (live.end && isGivenUp(live.end)) return { kind: "ended", text, end: live.end };
        if (!live.agrees(typed)) return { kind: "diverged" };
        if (live.end) {
          const isExhausted = live.end.kind === "completed" && text === "" && typed !== "";
          return isExhausted && !live.signal.aborted
            ? { kind: "diverged" }
            : { kind: "ended", text, end: live.end };
        }
        await Promise.race([live.change(), cancelled]);
      }
    } finally {
      leave();
    }
  }

  /** Milliseconds until text may be shown: at the earliest `showAfterMs` after the last key. */
  private showInMs({ cursor, explicit }: CompletionTarget): number {
    const { settings, sinceEditMs } = this.parts;
    return explicit ? 0 : settings().showAfterMs - sinceEditMs(cursor.snapshot.uri);
  }
}

/** The outcome of a request that followed a completion. */
function conclusion(followed: Exclude<Followed, { kind: "diverged" }>): {
  outcome: Outcome;
  text: string;
  completion?: Completion;
} {
  const { text } = followed;
  if (followed.kind === "aborted") return { outcome: { kind: "aborted" }, text };
  const { end } = followed;
  if (end.kind === "faulty")
    return { outcome: failed(end.error instanceof Error ? end.error.message : String(end.error)), text: "" };
  if (end.kind !== "completed") return { outcome: { kind: "aborted" }, text: "" };
  const { completion } = end;
  // The explanation of the last completion also shows a text that was withheld.
  return { outcome: outcomeOf(completion, text), text: text || completion.withheld, completion };
}

function outcomeOf(completion: Completion, text: string): Outcome {
  if (completion.finishReason === "aborted") return { kind: "aborted" };
  if (completion.failure) return failed(completion.failure);
  if (text !== "") return { kind: "shown" };
  if (completion.finishReason === "outOfMemory") return { kind: "failed", ...OUT_OF_MEMORY };
  return nothing(completion);
}

/** There was nothing to show. */
const nothing = ({
  finishReason: why,
  confidence,
}: Pick<Completion, "finishReason" | "confidence">): Outcome =>
  why === "lowConfidence" && confidence !== undefined
    ? { kind: "empty", why, confidence }
    : { kind: "empty", why };

const failed = (message: string): Outcome => ({ kind: "failed", message, remedy: faultRemedy(message) });
