/** The feature `textDocument/inlineCompletion`: connects the answering of requests with the work done in pauses. */
import {
  type CancellationToken,
  type Connection,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionTriggerKind,
  type ProgressToken,
} from "vscode-languageserver";
import type { OpenFiles } from "../context/index.ts";
import type { CorpusSource } from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import type { Documents, StatusBoard } from "../lsp/index.ts";
import type { ModelFeature, Session, SlowRule } from "../model/index.ts";
import type { ReusablePrompt } from "../prompt/index.ts";
import {
  DidFocusNotification,
  ExplainLastRequest,
  InlineCompletionProgress,
  languageEnabled,
  RequestEndedNotification,
  type RequestRecord,
  type Settings,
  type StreamedParams,
} from "../protocol/index.ts";
import type { Grammars } from "../syntax/index.ts";
import { inBackground } from "../system/index.ts";
import type { Snapshot } from "../text/index.ts";
import { AdaptiveDebounce } from "./adaptiveDebounce.ts";
import { Answers } from "./answers.ts";
import { type CompleteOptions, prefillPrompt } from "./complete.ts";
import { CompletionRunner, type EndedCompletion } from "./completionRunner.ts";
import { requested } from "./completionTarget.ts";
import type { Drafts } from "./drafts.ts";
import { EarlyStart } from "./earlyStart.ts";
import { explain, nothingShown } from "./explanation.ts";
import type { LastCompletion } from "./lastCompletion.ts";
import { Outcomes } from "./outcome.ts";
import { Prefetch } from "./prefetch.ts";
import { listenToSuggestions, Suggestions } from "./suggestions.ts";
import { TokenUsage } from "./tokenUsage.ts";
import { WarmUp } from "./warmUp.ts";

/** What a completion request needs of the server. */
interface CompletionDependencies {
  readonly documents: Documents;
  readonly session: Session;
  readonly board: StatusBoard;
  /** Settings as they are now. */
  settings(): Settings;
  /** Notices when first lines take long. */
  readonly slowRule: Pick<SlowRule, "observe">;
  /** Whether energy is saved now: nothing is computed ahead. */
  savesEnergy(): boolean;
  readonly model: Pick<
    ModelFeature,
    "loaded" | "current" | "draftModel" | "isCurrent" | "isReplaced" | "outOfMemory"
  >;
  /** What drafting remembers. */
  readonly drafts: Drafts;
  /** Other texts to draft from when the document at `uri` is completed. */
  sources(uri: string): readonly CorpusSource[];
  readonly openFiles: OpenFiles;
  readonly grammars: Grammars;
  /** Write to the log. */
  warn(message: string): void;
  log(message: string): void;
  readonly last: LastCompletion;
  /** Called with each request that has ended. */
  readonly record?: ((record: RequestRecord) => void) | undefined;
}

interface InlineCompletionFeature {
  /** The command items carry: see `InitializationOptions.acceptCommand`. */
  acceptBy(command: string): void;
  /** Reports each request that has ended to the client. */
  reportRequests(): void;
  /** A model has been loaded. */
  loaded(engine: Engine): void;
  /** Forgets what was generated: other settings would continue differently. */
  forget(): void;
  dispose(): void;
}

export function registerInlineCompletion(
  connection: Connection,
  parts: CompletionDependencies,
): InlineCompletionFeature {
  const made = makeParts(parts);
  const { usage, delay, runner, suggestions, warmUp } = made;
  let reportsRequests = false;
  const outcomes = new Outcomes(
    () => usage.totals,
    (record, token) => {
      // A request that was given up says nothing about the one that replaced it.
      if (record.outcome.kind !== "aborted") parts.board.nothing(nothingShown(record));
      parts.record?.(record);
      if (reportsRequests) reportEnd(connection, record, token, parts.log);
    },
  );

  followEdits(parts, made);
  answerRequests(connection, parts, { ...made, outcomes });
  listenToSuggestions(connection, suggestions);
  return {
    acceptBy(command) {
      suggestions.command = command;
    },
    reportRequests() {
      reportsRequests = true;
    },
    loaded(engine) {
      parts.last.clear();
      runner.adopt(engine);
      delay.clear();
      warmUp.loaded();
    },
    forget: () => runner.forget(),
    dispose: () => warmUp.dispose(),
  };
}

/** What follows the edits of documents, and what it keeps of each document. */
interface Followers {
  readonly runner: CompletionRunner;
  readonly answers: Answers;
  readonly warmUp: WarmUp;
  readonly early: EarlyStart;
  /** By URI, when a document was edited last. */
  readonly editedMs: Map<string, number>;
  /** By URI, the parts of the last prompt that the next one reuses. */
  readonly prompts: Map<string, ReusablePrompt>;
}

/** The parts of the feature, connected with each other. */
interface FeatureParts extends Followers {
  readonly usage: TokenUsage;
  readonly delay: AdaptiveDebounce;
  readonly suggestions: Suggestions;
}

function makeParts(parts: CompletionDependencies): FeatureParts {
  const { documents, session, board, model, drafts, settings, grammars, warn } = parts;
  const usage = new TokenUsage();
  const delay = new AdaptiveDebounce();
  const prompts = new Map<string, ReusablePrompt>();
  const options = (engine: Engine, uri: string, explicit: boolean) =>
    optionsOf(parts, prompts, { engine, uri, explicit });
  const computesAhead = () =>
    settings().prefetch && settings().trigger === "automatic" && !parts.savesEnergy();
  const runner = new CompletionRunner({
    session,
    grammars,
    usage,
    options,
    isCurrent: engine => model.isCurrent(engine),
    isReplaced: engine => model.isReplaced(engine),
    outOfMemory: engine => model.outOfMemory(engine),
    working: () => board.working(true),
    ended: ended => recordEnd(parts, delay, ended),
  });
  const unasked = {
    runner,
    usage,
    model,
    isOn: ({ uri, languageId }: Snapshot) =>
      computesAhead() && languageEnabled(settings(), languageId) && documents.hash(uri) !== undefined,
  };
  const prefetch = new Prefetch(unasked);
  const delayMs = () => Math.max(settings().delayMs, delay.ms);
  const early = new EarlyStart({ ...unasked, documents, delayMs });
  const suggestions = new Suggestions({
    drafts,
    shown(suggestion) {
      if (!suggestion.isRest) board.shown();
      prefetch.after(suggestion).catch((error: unknown) => warn(`Nothing is computed ahead: ${error}`));
    },
  });
  const warmUp = new WarmUp({
    documents,
    session,
    model,
    settings,
    computesAhead,
    read: (engine, snapshot, signal) =>
      prefillPrompt(engine, snapshot, options(engine, snapshot.uri, false), signal),
    warn,
  });
  const editedMs = new Map<string, number>();
  const sinceEditMs = (uri: string) => performance.now() - (editedMs.get(uri) ?? Number.NEGATIVE_INFINITY);
  const answers = new Answers({ ...parts, runner, suggestions, delayMs, sinceEditMs });
  return { usage, delay, prompts, runner, early, suggestions, warmUp, editedMs, answers };
}

/** Updates completions when a document is edited or closed. */
function followEdits(
  { documents, settings, grammars }: CompletionDependencies,
  { runner, answers, warmUp, early, editedMs, prompts }: Followers,
): void {
  const recheck = (uris: readonly string[]) => {
    for (const uri of uris) {
      const cursor = documents.cursor(uri);
      if (cursor) runner.edited(cursor);
    }
  };
  documents.watch(
    change => {
      const { uri, languageId } = change;
      if (languageEnabled(settings(), languageId)) grammars.prepare(languageId);
      editedMs.set(uri, performance.now());
      recheck([uri]);
      answers.changed(uri);
      warmUp.edited(uri);
      early.edited(change);
    },
    uri => {
      for (const each of [prompts, editedMs]) each.delete(uri);
      for (const each of [runner, warmUp]) each.closed(uri);
      answers.changed(uri);
    },
  );
  documents.watchNotebooks(() => recheck(runner.uris));
}

function answerRequests(
  connection: Connection,
  parts: CompletionDependencies,
  {
    answers,
    outcomes,
    warmUp,
    early,
  }: Pick<Followers, "answers" | "warmUp" | "early"> & { outcomes: Outcomes },
): void {
  const { documents, settings } = parts;
  connection.languages.inlineCompletion.on(
    async (params: InlineCompletionParams & StreamedParams, cancellation) => {
      const { partialResultToken, position, textDocument, context } = params;
      const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
      const token = partialResultToken;
      const request = outcomes.begin({ uri: textDocument.uri, ...position, explicit, token });
      warmUp.requested(textDocument.uri, position);
      if (!explicit) early.requested(textDocument.uri);
      const show = (shown: InlineCompletionItem) => {
        if (partialResultToken !== undefined)
          inBackground(
            connection.sendProgress(InlineCompletionProgress, partialResultToken, [shown]),
            "Sending a completion",
            parts.log,
          );
      };
      const target = requested(documents, settings(), params);
      if (typeof target === "string") {
        request.end({ kind: "suppressed", why: target });
        return target === "otherVersion" ? null : [];
      }
      return answers.answer({ target, request, show, signal: signalOf(cancellation) });
    },
  );
  connection.onRequest(ExplainLastRequest, () => ({
    last: outcomes.last,
    markdown: explain(outcomes.last),
  }));
  connection.onNotification(DidFocusNotification, ({ textDocument, position }) => {
    if (textDocument) warmUp.focus(textDocument.uri, position);
  });
}

/** Reports a request that has ended, without any of its text. */
function reportEnd(
  connection: Connection,
  { outcome, timeline, computed }: RequestRecord,
  token: ProgressToken | undefined,
  log: (message: string) => void,
): void {
  const sent = connection.sendNotification(RequestEndedNotification, { outcome, timeline, computed, token });
  inBackground(sent, "Reporting a request", log);
}

/** How a document is completed now, with what is kept between completions. */
function optionsOf(
  { settings, drafts, model, sources, openFiles, grammars, warn }: CompletionDependencies,
  prompts: Map<string, ReusablePrompt>,
  { engine, uri, explicit }: { readonly engine: Engine; readonly uri: string; readonly explicit: boolean },
): CompleteOptions {
  const { maxTokens, maxLines, minConfidence, drafts: withDrafts, openFiles: withOpenFiles } = settings();
  return {
    maxTokens,
    maxLines,
    reserve: explicit ? undefined : { minConfidence },
    treeNodes: withDrafts ? engine.info.maxTreeNodes : 1,
    memory: drafts.memoryOf(engine),
    draftModel: withDrafts && model.isCurrent(engine) ? drafts.draftModelOf(model.draftModel) : undefined,
    corpora: sources(uri),
    grammars,
    prompts,
    context: withOpenFiles ? openFiles : undefined,
    onFault: warn,
  };
}

/** Records a completion's end: for the status, for drafting, and in the log where it failed. */
function recordEnd(
  { board, drafts, model, last, slowRule, log }: CompletionDependencies,
  delay: AdaptiveDebounce,
  { engine, live, end, isLatest }: EndedCompletion,
): void {
  if (end.kind === "faulty") {
    log(end.error instanceof Error ? (end.error.stack ?? end.error.message) : String(end.error));
    if (live.awaited) board.working(!isLatest);
  }
  // The end of the completion before has left the status at "working", since another one was live.
  if ((end.kind === "replaced" || end.kind === "modelReplaced") && isLatest) board.working(false);
  if (end.kind !== "completed") return;
  const { completion } = end;
  if (completion.failure) log(`The completion failed: ${completion.failure}.`);
  if (!live.awaited) return;
  if (model.isCurrent(engine)) last.completed(engine, completion);
  if (completion.ms.firstText !== undefined) delay.observe(completion.ms.firstText);
  const { ms, promptTokens, reusedTokens } = completion;
  if (ms.firstLine !== undefined && completion.finishReason !== "aborted") {
    const times = {
      lineMs: ms.firstLine,
      prefillMs: ms.prefill,
      computedTokens: promptTokens - reusedTokens,
    };
    inBackground(slowRule.observe(engine, times), "Looking for what would be faster", log);
  }
  drafts.suggested(live.cursor.snapshot, completion.text);
  const isMeasured = engine.prefillMsPerToken !== undefined;
  const summary = { ...completion, costs: isMeasured ? completion.costs : undefined };
  board.completed(summary, isLatest, drafts.memoryOf(engine).statistics.figures());
}

/** Aborted when the client cancels. */
function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
