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
import type { ModelFeature } from "./modelFeature.ts";
import type { OpenFiles } from "./openFiles.ts";
import { grammarsDirectory } from "./paths.ts";
import { type Snapshot, surroundings, wantsCompletion } from "./prompt/snapshot.ts";
import type { FrozenSuffix } from "./prompt/suffix.ts";
import { InlineCompletionProgress, type StreamedParams } from "./protocol/messages.ts";
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
  /** Writes to the log. */
  warn(message: string): void;
}

/** What completions leave for those after them. */
type Kept = Required<Pick<CompleteOptions, "grammars" | "suffixes">>;

export function registerInlineCompletion(connection: Connection, parts: CompletionParts): void {
  const kept = {
    grammars: new Grammars(grammarsDirectory(), parts.warn),
    suffixes: suffixesOf(parts.documents),
  };
  connection.languages.inlineCompletion.on(async (params: InlineCompletionParams & StreamedParams, token) => {
    const { partialResultToken } = params;
    const wanted = requested(parts, params);
    const engine = wanted && (await parts.model.engine());
    if (!wanted || !engine || token.isCancellationRequested) return null;
    try {
      const completion = await run(parts, kept, engine, wanted.snapshot, token, text => {
        if (partialResultToken === undefined) return;
        void connection.sendProgress(InlineCompletionProgress, partialResultToken, [item(text, wanted)]);
      });
      if (!completion) return null;
      parts.drafts.suggested(wanted.snapshot, completion.text);
      parts.board.completed(completion, parts.session.idle, parts.drafts.of(engine).statistics.figures());
      if (completion.finishReason === "outOfMemory" && parts.model.isCurrent(engine))
        parts.model.outOfMemory(engine);
      if (completion.failure) connection.console.error(`The completion failed: ${completion.failure}.`);
      if (completion.text === "" || completion.finishReason === "aborted") return null;
      return [item(completion.text, wanted)];
    } catch (error) {
      // A fault of ours must not take the server down; it is told in the log.
      connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      parts.board.working(!parts.session.idle);
      return null;
    }
  });
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

/** What to complete, or undefined where nothing is wanted. */
function requested(
  { documents, settings }: CompletionParts,
  { textDocument, position, context }: InlineCompletionParams & StreamedParams,
): Wanted | undefined {
  const snapshot = documents.snapshot(textDocument.uri, position, textDocument.version);
  if (!snapshot || !languageEnabled(settings(), snapshot.languageId)) return undefined;
  const { selectedCompletionInfo: selected } = context;
  const range = selected?.range ?? { start: position, end: position };
  const start = documents.snapshot(textDocument.uri, range.start, snapshot.version);
  const end = documents.snapshot(textDocument.uri, range.end, snapshot.version);
  if (!start || !end || range.start.line !== range.end.line || start.offset > end.offset) return undefined;
  const text = selected?.text ?? "";
  const taken = {
    ...snapshot,
    text: snapshot.text.slice(0, start.offset) + text + snapshot.text.slice(end.offset),
    offset: start.offset + text.length,
  };
  const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
  return explicit || wantsCompletion(surroundings(taken))
    ? { snapshot: taken, selected: text, range }
    : undefined;
}

/** Completes as the session's live work; undefined when the request was replaced before it began. */
function run(
  { session, board, settings, model, warn, sources, openFiles, drafts: memories }: CompletionParts,
  kept: Kept,
  engine: Engine,
  snapshot: Snapshot,
  token: CancellationToken,
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
