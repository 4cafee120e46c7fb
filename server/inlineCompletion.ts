/** The feature `textDocument/inlineCompletion`: from a request to growing text. */
import {
  type CancellationToken,
  type Connection,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionTriggerKind,
  type Range,
} from "vscode-languageserver";
import { type CompleteOptions, type Completion, complete } from "./complete.ts";
import type { Documents } from "./documents.ts";
import type { Drafts } from "./drafts.ts";
import type { Engine } from "./engine/engine.ts";
import { explain } from "./explanation.ts";
import { type ModelFeature, OUT_OF_MEMORY } from "./modelFeature.ts";
import type { OpenFiles } from "./openFiles.ts";
import { type OpenRequest, Outcomes } from "./outcome.ts";
import { grammarsDirectory } from "./paths.ts";
import { type Snapshot, surroundings, wantsCompletion } from "./prompt/snapshot.ts";
import type { FrozenSuffix } from "./prompt/suffix.ts";
import { ExplainLastRequest, InlineCompletionProgress, type StreamedParams } from "./protocol/messages.ts";
import type { Outcome, Suppression } from "./protocol/outcome.ts";
import { overlap } from "./protocol/overlap.ts";
import { languageEnabled, type Settings } from "./protocol/settings.ts";
import type { Session } from "./session.ts";
import type { CorpusSource } from "./speculate/sources/corpus.ts";
import type { StatusBoard } from "./status.ts";
import { Grammars } from "./stream/grammars.ts";

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
}

/** What completions leave for those after them. */
type Kept = Required<Pick<CompleteOptions, "grammars" | "suffixes">>;

export function registerInlineCompletion(connection: Connection, parts: CompletionParts): void {
  const kept = {
    grammars: new Grammars(grammarsDirectory(), parts.warn),
    suffixes: suffixesOf(parts.documents),
  };
  const outcomes = new Outcomes();
  connection.languages.inlineCompletion.on(async (params: InlineCompletionParams & StreamedParams, token) => {
    const { partialResultToken, position, textDocument, context } = params;
    const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
    const request = outcomes.begin({ uri: textDocument.uri, ...position, explicit });
    const show = (shown: InlineCompletionItem) => {
      if (partialResultToken !== undefined)
        void connection.sendProgress(InlineCompletionProgress, partialResultToken, [shown]);
    };
    try {
      const answer = await answered(parts, kept, params, token, request, show);
      return answer ? [answer] : null;
    } catch (error) {
      // A fault of ours must not take the server down; it is told in the log.
      parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      parts.board.working(!parts.session.idle);
      request.end(failed(error instanceof Error ? error.message : String(error)));
      return null;
    }
  });
  connection.onRequest(ExplainLastRequest, () => ({
    last: outcomes.last,
    markdown: explain(outcomes.last),
  }));
}

const failed = (message: string): Outcome => ({
  kind: "failed",
  message,
  remedy: "The log says more: Foretoken: Show Log.",
});

/** The answer to one request; undefined where there is nothing to show. Tells `request` how it ended. */
async function answered(
  parts: CompletionParts,
  kept: Kept,
  params: InlineCompletionParams & StreamedParams,
  token: CancellationToken,
  request: OpenRequest,
  show: (item: InlineCompletionItem) => void,
): Promise<InlineCompletionItem | undefined> {
  const { board, model, session, drafts } = parts;
  const wanted = requested(parts, params);
  if (typeof wanted === "string") {
    request.end({ kind: "suppressed", why: wanted });
    return undefined;
  }
  const engine = await model.engine();
  if (!engine) {
    const { message = "There is no model.", remedy = "" } = board.current;
    request.end({ kind: "failed", message, remedy });
    return undefined;
  }
  if (token.isCancellationRequested) {
    request.end({ kind: "aborted" });
    return undefined;
  }
  const completion = await run(parts, kept, engine, wanted.snapshot, token, request, text => {
    request.hasText();
    show(item(text, wanted));
  });
  if (completion) {
    drafts.suggested(wanted.snapshot, completion.text);
    board.completed(completion, session.idle, drafts.of(engine).statistics.figures());
    if (completion.finishReason === "outOfMemory" && model.isCurrent(engine)) model.outOfMemory(engine);
    if (completion.failure) parts.log(`The completion failed: ${completion.failure}.`);
  }
  const outcome = outcomeOf(completion);
  request.end(outcome, completion?.text, completion);
  return completion && outcome.kind === "shown" ? item(completion.text, wanted) : undefined;
}

/** How a completion ended for the request that asked for it. @param completion undefined when it was replaced */
function outcomeOf(completion: Completion | undefined): Outcome {
  if (!completion || completion.finishReason === "aborted") return { kind: "aborted" };
  if (completion.failure) return failed(completion.failure);
  if (completion.text !== "") return { kind: "shown" };
  if (completion.finishReason === "outOfMemory") return { kind: "failed", ...OUT_OF_MEMORY };
  return { kind: "empty", why: completion.finishReason };
}

/** Where a completion is wanted, and how it becomes an item. */
interface Wanted {
  /** As the document would be if the suggestion that is selected in a list had been taken. */
  readonly snapshot: Snapshot;
  /** The selected suggestion, which the item's text begins with; else empty. */
  readonly selected: string;
  /** What the item replaces, apart from what it repeats of the rest of the line. */
  readonly range: Range;
}

/** What is remembered of the open documents' last prompts. */
function suffixesOf(documents: Documents): Map<string, FrozenSuffix> {
  const suffixes = new Map<string, FrozenSuffix>();
  documents.watch(
    () => {},
    uri => suffixes.delete(uri),
  );
  return suffixes;
}

/** What to complete, or why nothing is wanted. */
function requested(
  { documents, settings }: CompletionParts,
  { textDocument, position, context }: InlineCompletionParams & StreamedParams,
): Wanted | Suppression {
  const snapshot = documents.snapshot(textDocument.uri, position, textDocument.version);
  if (typeof snapshot === "string") return snapshot;
  if (!languageEnabled(settings(), snapshot.languageId)) return settings().enabled ? "languageOff" : "off";
  const { selectedCompletionInfo: selected } = context;
  const range = selected?.range ?? { start: position, end: position };
  const start = documents.snapshot(textDocument.uri, range.start, snapshot.version);
  const end = documents.snapshot(textDocument.uri, range.end, snapshot.version);
  if (typeof start === "string" || typeof end === "string") return "selection";
  if (range.start.line !== range.end.line || start.offset > end.offset) return "selection";
  const text = selected?.text ?? "";
  const taken = {
    ...snapshot,
    text: snapshot.text.slice(0, start.offset) + text + snapshot.text.slice(end.offset),
    offset: start.offset + text.length,
  };
  const around = surroundings(taken);
  const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
  if (!explicit && !wantsCompletion(around))
    return /^\w/.test(around.lineSuffix) ? "wordBehind" : "textBehind";
  return { snapshot: taken, selected: text, range };
}

/** Completes as the session's live work; undefined when the request was replaced before it began. */
function run(
  { session, board, settings, model, warn, sources, openFiles, drafts: memories }: CompletionParts,
  kept: Kept,
  engine: Engine,
  snapshot: Snapshot,
  token: CancellationToken,
  request: OpenRequest,
  show: (text: string) => void,
): Promise<Completion | undefined> {
  const cancel = new AbortController();
  const listening = token.onCancellationRequested(() => cancel.abort());
  const { maxTokens, drafts, openFiles: withOthers } = settings();
  const options: CompleteOptions = {
    maxTokens,
    treeNodes: drafts ? engine.info.maxTreeNodes : 1,
    memory: memories.of(engine),
    corpora: sources(snapshot.uri),
    ...kept,
    context: withOthers ? openFiles : undefined,
    onFault: warn,
  };
  const work = async (signal: AbortSignal) => {
    // The model may have been replaced while this waited for its turn.
    if (!model.isCurrent(engine)) return undefined;
    board.working(true);
    request.computing(performance.now());
    const growing = complete(engine, snapshot, options, signal);
    for (;;) {
      const { value, done } = await growing.next();
      if (done) return value;
      show(value);
    }
  };
  return session.run(cancel.signal, work).finally(() => listening.dispose());
}

/** The text as an item that also replaces what its end repeats of the rest of the line. */
function item(text: string, { snapshot, selected, range: { start, end } }: Wanted): InlineCompletionItem {
  const replaced = overlap(text, surroundings(snapshot).lineSuffix);
  const range = { start, end: { line: end.line, character: end.character + replaced } };
  return { insertText: selected + text, range };
}
