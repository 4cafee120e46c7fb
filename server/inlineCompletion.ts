/** The feature `textDocument/inlineCompletion`: from a request to growing text, computed or remembered. */
import {
  type CancellationToken,
  type Connection,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionTriggerKind,
} from "vscode-languageserver";
import type { Completion } from "./complete.ts";
import { CompletionRunner } from "./completionRunner.ts";
import type { Documents } from "./documents.ts";
import type { Drafts } from "./drafts.ts";
import type { Engine } from "./engine/engine.ts";
import { explain } from "./explanation.ts";
import type { LiveCompletion, LiveEnd } from "./liveCompletion.ts";
import { type ModelFeature, OUT_OF_MEMORY } from "./modelFeature.ts";
import type { OpenFiles } from "./openFiles.ts";
import { type OpenRequest, Outcomes } from "./outcome.ts";
import { grammarsDirectory } from "./paths.ts";
import type { FrozenSuffix } from "./prompt/suffix.ts";
import { ExplainLastRequest, InlineCompletionProgress, type StreamedParams } from "./protocol/messages.ts";
import type { Outcome, RequestRecord } from "./protocol/outcome.ts";
import { languageEnabled, type Settings } from "./protocol/settings.ts";
import type { Session } from "./session.ts";
import type { CorpusSource } from "./speculate/sources/corpus.ts";
import type { StatusBoard } from "./status.ts";
import { Grammars } from "./stream/grammars.ts";
import { TokenLedger } from "./tokenLedger.ts";
import { item, requested, type Wanted } from "./wanted.ts";

/** What a completion request needs of the server. */
export interface CompletionParts {
  readonly documents: Documents;
  readonly session: Session;
  readonly board: StatusBoard;
  /** Settings as they are now. */
  settings(): Settings;
  readonly model: Pick<ModelFeature, "engine" | "isCurrent" | "outOfMemory">;
  /** What drafting remembers. */
  readonly drafts: Drafts;
  /** Other texts to draft from when the document at `uri` is completed. */
  sources(uri: string): readonly CorpusSource[];
  readonly openFiles: OpenFiles;
  /** Write to the log. */
  warn(message: string): void;
  log(message: string): void;
  /** Told each request that has ended. */
  readonly record?: ((record: RequestRecord) => void) | undefined;
}

export interface InlineCompletionFeature {
  /** Forgets what was said: another model or other settings would say something else. */
  forget(): void;
}

export function registerInlineCompletion(
  connection: Connection,
  parts: CompletionParts,
): InlineCompletionFeature {
  const ledger = new TokenLedger();
  const runner = runnerOf(parts, ledger);
  const answers = new Answers(parts, runner);
  const outcomes = new Outcomes(() => ledger.totals, parts.record);
  connection.languages.inlineCompletion.on(async (params: InlineCompletionParams & StreamedParams, token) => {
    const { partialResultToken, position, textDocument, context } = params;
    const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
    const request = outcomes.begin({ uri: textDocument.uri, ...position, explicit });
    const show = (shown: InlineCompletionItem) => {
      if (partialResultToken !== undefined)
        void connection.sendProgress(InlineCompletionProgress, partialResultToken, [shown]);
    };
    const wanted = requested(parts.documents, parts.settings(), params);
    if (typeof wanted === "string") {
      request.end({ kind: "suppressed", why: wanted });
      return null;
    }
    const answer = await answers.answer({ wanted, request, show, signal: signalOf(token) });
    return answer ? [answer] : null;
  });
  connection.onRequest(ExplainLastRequest, () => ({
    last: outcomes.last,
    markdown: explain(outcomes.last),
  }));
  return { forget: () => runner.forget() };
}

/** Computes with what is kept between completions: grammars, and the suffixes of the documents' last prompts. */
function runnerOf(parts: CompletionParts, ledger: TokenLedger): CompletionRunner {
  const { documents, session, board, settings, model, drafts } = parts;
  const grammars = new Grammars(grammarsDirectory(), parts.warn);
  const suffixes = new Map<string, FrozenSuffix>();
  const runner = new CompletionRunner({
    session,
    grammars,
    ledger,
    options(engine, uri) {
      const { maxTokens, drafts: withDrafts, openFiles } = settings();
      return {
        maxTokens,
        treeNodes: withDrafts ? engine.info.maxTreeNodes : 1,
        memory: drafts.of(engine),
        corpora: parts.sources(uri),
        grammars,
        suffixes,
        context: openFiles ? parts.openFiles : undefined,
        onFault: parts.warn,
      };
    },
    isCurrent: engine => model.isCurrent(engine),
    working: () => board.working(true),
    ended: (...ended) => recordEnd(parts, ...ended),
  });
  documents.watch(
    (uri, text, languageId) => {
      if (languageEnabled(settings(), languageId)) void grammars.load(languageId);
      const hash = documents.hash(uri);
      if (hash) runner.edited({ snapshot: { uri, languageId, version: 0, text, offset: 0 }, hash });
    },
    uri => {
      suffixes.delete(uri);
      runner.closed(uri);
    },
  );
  return runner;
}

/** Takes note of a completion's end: for the status, for drafting, and in the log where it failed. */
function recordEnd(
  { board, drafts, model, log }: CompletionParts,
  engine: Engine,
  live: LiveCompletion,
  end: LiveEnd,
  isLatest: boolean,
): void {
  if (end.kind === "faulty") {
    // A fault of ours must not take the server down.
    log(end.error instanceof Error ? (end.error.stack ?? end.error.message) : String(end.error));
    board.working(!isLatest);
  }
  if (end.kind !== "completed") return;
  const { completion } = end;
  drafts.suggested(live.cursor.snapshot, completion.text);
  board.completed(completion, isLatest, drafts.of(engine).statistics.figures());
  if (completion.finishReason === "outOfMemory" && model.isCurrent(engine)) model.outOfMemory(engine);
  if (completion.failure) log(`The completion failed: ${completion.failure}.`);
}

/** One request on its way to an answer. */
interface Asking {
  readonly wanted: Wanted;
  readonly request: OpenRequest;
  /** Shows text before the answer. */
  readonly show: (item: InlineCompletionItem) => void;
  readonly signal: AbortSignal;
}

type Followed =
  | { readonly kind: "ended"; readonly text: string; readonly end: LiveEnd }
  | { readonly kind: "diverged" | "aborted" };

/** Answers requests from memory, from the completion under way, or from a new one. */
class Answers {
  /** Ends the waiting of the request that waits to compute. */
  private waiting = new AbortController();

  constructor(
    private readonly parts: CompletionParts,
    private readonly runner: CompletionRunner,
  ) {}

  /** The answer; undefined where there is nothing to show. Tells the request how it ended. */
  async answer(asking: Asking): Promise<InlineCompletionItem | undefined> {
    const { wanted, request } = asking;
    const found = this.runner.cache.find(wanted.cursor);
    if (found) {
      const { kind, text, completion } = found;
      completion.ledger.use();
      request.end(text === "" ? { kind: "empty", why: completion.finishReason } : { kind }, text);
      if (text === "") return undefined;
      this.parts.drafts.shown(wanted.cursor.snapshot, text);
      return item(text, wanted);
    }
    for (;;) {
      const live = this.runner.at(wanted.cursor) ?? (await this.begin(asking));
      const followed = live ? await follow(live, asking) : { kind: "aborted" as const };
      // What was typed was ahead of the text, which then said something else.
      if (live && followed.kind === "diverged") continue;
      const { outcome, text, completion } = conclusion(followed);
      if (outcome.kind === "empty") live?.ledger.use();
      request.end(outcome, text, completion);
      return outcome.kind === "shown" ? item(text, wanted) : undefined;
    }
  }

  /** Begins a completion for a request; undefined where it ended before, which it is told if it failed. */
  private async begin({ wanted, request, signal }: Asking): Promise<LiveCompletion | undefined> {
    this.waiting.abort();
    const waiting = new AbortController();
    this.waiting = waiting;
    const given = AbortSignal.any([signal, waiting.signal]);
    const engine = await this.parts.model.engine();
    if (!engine) {
      const { message = "There is no model.", remedy = "" } = this.parts.board.current;
      request.end({ kind: "failed", message, remedy });
    }
    if (!engine || given.aborted) return undefined;
    return this.runner.at(wanted.cursor) ?? this.runner.start(engine, wanted.cursor);
  }
}

/** Shows what a completion says beyond what has been typed, until it ends or no longer agrees. */
async function follow(live: LiveCompletion, { wanted, request, show, signal }: Asking): Promise<Followed> {
  const leave = live.join();
  const cancelled = new Promise<void>(resolve => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const typed = live.typed(wanted.cursor) ?? "";
  let shown = 0;
  try {
    for (;;) {
      if (signal.aborted) return { kind: "aborted" };
      const text = live.remainder(typed) ?? "";
      if (live.startedMs !== undefined) request.computing(live.startedMs);
      if (text.length > shown) {
        shown = text.length;
        live.ledger.use();
        request.hasText();
        show(item(text, wanted));
      }
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

/** How a request ended that followed a completion. */
function conclusion(followed: Followed): { outcome: Outcome; text: string; completion?: Completion } {
  if (followed.kind !== "ended" || followed.end.kind === "replaced")
    return { outcome: { kind: "aborted" }, text: "" };
  const { text, end } = followed;
  if (end.kind === "faulty")
    return { outcome: failed(end.error instanceof Error ? end.error.message : String(end.error)), text: "" };
  const { completion } = end;
  return { outcome: outcomeOf(completion, text), text, completion };
}

function outcomeOf(completion: Completion, text: string): Outcome {
  if (completion.finishReason === "aborted") return { kind: "aborted" };
  if (completion.failure) return failed(completion.failure);
  if (text !== "") return { kind: "shown" };
  if (completion.finishReason === "outOfMemory") return { kind: "failed", ...OUT_OF_MEMORY };
  return { kind: "empty", why: completion.finishReason };
}

const failed = (message: string): Outcome => ({
  kind: "failed",
  message,
  remedy: "The log says more: Foretoken: Show Log.",
});

/** Aborted when the client cancels. */
function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
