/**
 * What travels between client and server besides the standard protocol.
 *
 * Completions are standard `textDocument/inlineCompletion`. A client that sends a `partialResultToken`
 * gets the text while it grows: each progress value is a list of one item that holds the whole text so
 * far, to be shown in place of the one before, whose text it extends. The response repeats the last.
 */
import {
  type InlineCompletionItem,
  NotificationType,
  type Position,
  type ProgressToken,
  ProgressType,
  RequestType,
  RequestType0,
} from "vscode-languageserver-protocol";
import type { Damage } from "./damage.ts";
import type { Explanation, NothingShown } from "./outcome.ts";

/** `asleep`: the model's memory has been freed; the next completion loads it again. */
type ServerState = "starting" | "ready" | "working" | "asleep" | "off" | "error";

/** What would make a first line come sooner; times in milliseconds, as they are expected. */
export type SlowAdvice =
  | { readonly kind: "model"; readonly reference: string; readonly title: string; readonly lineMs: number }
  | { readonly kind: "context"; readonly tokens: number; readonly lineMs: number }
  | { readonly kind: "backend"; readonly backend: string };

/** First lines take long with the loaded model. */
export interface SlowLines {
  readonly model: string;
  /** Median milliseconds until the first line was there. */
  readonly lineMs: number;
  /** What helps most first; never empty. */
  readonly advice: readonly SlowAdvice[];
}

/** What the last completion cost. Times in milliseconds since the request arrived. */
export interface CompletionFigures {
  readonly firstTextMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
  readonly steps: number;
  readonly drafted: number;
  readonly accepted: number;
  readonly finishReason: string;
}

/** A store to draft from. */
export interface StoreStatus {
  readonly name: string;
  readonly tokens: number;
  /** ISO 8601; "" where it cannot be found out. */
  readonly created: string;
  /** Why it is not used, and the remedy. */
  readonly problem?: string | undefined;
}

/** What a source of drafts has been worth since the model was loaded. */
export interface DraftSourceStatus {
  readonly name: string;
  readonly proposed: number;
  readonly accepted: number;
  /** Tokens accepted at a step at which something was drafted, on average. */
  readonly meanAcceptedLength: number;
  /** Milliseconds spent on searching, all in all. */
  readonly searchMs: number;
}

export interface Status {
  readonly state: ServerState;
  /** For `error`: what is wrong. */
  readonly message?: string | undefined;
  /** For `error`: what to do about it. */
  readonly remedy?: string | undefined;
  /** The loaded model: name, back end, threads. */
  readonly model?: { readonly name: string; readonly backend: string; readonly threads: number } | undefined;
  /** What the user should know of the loaded model, in sentences; empty where there is nothing. */
  readonly notes?: readonly string[] | undefined;
  /** How much of the model that is being loaded is in memory by now, 0 to 1; absent where none is loaded. */
  readonly loaded?: number | undefined;
  readonly last?: CompletionFigures | undefined;
  /** The last request, where nothing is shown for it; absent where something is. */
  readonly nothing?: NothingShown | undefined;
  readonly slow?: SlowLines | undefined;
  readonly stores?: readonly StoreStatus[] | undefined;
  /** Share of the drafted tokens that were accepted since the model was loaded, 0 to 1; undefined before any. */
  readonly acceptance?: number | undefined;
  /** What the tokens decoded since the model was loaded cost one by one, over what their decodes cost, as measured here. */
  readonly speedUp?: number | undefined;
  readonly sources?: readonly DraftSourceStatus[] | undefined;
  /** Suggestions since the server started: those shown, and how many of them were accepted whole. */
  readonly suggestions?: { readonly shown: number; readonly accepted: number } | undefined;
}

/** What became of the last request for a completion. */
export const ExplainLastRequest = new RequestType0<Explanation, void>("foretoken/explainLast");

export const StatusNotification = new NotificationType<Status>("foretoken/status");

/** Frees the model's memory; the next completion loads it again. Answers whether there was a model. */
export const FreeMemoryRequest = new RequestType0<boolean, void>("foretoken/freeMemory");

/** How far a build of a datastore is. */
export interface BuildReport {
  readonly phase: "read" | "sort" | "write" | "done";
  /** What is read at the moment. */
  readonly input: string;
  readonly documents: number;
  readonly tokens: number;
  /** 0 to 1; absent where it is not known. */
  readonly done?: number;
  readonly leftMs?: number;
  /** With `done`: what was passed over. */
  readonly damage?: Damage;
}

export interface RebuildParams {
  /** As in `foretoken datastore build --source`. */
  readonly source: string;
  /** Stores of the same name take each other's place. */
  readonly name: string;
  /** How many files of a data set are taken; all where absent. */
  readonly first?: number;
  /** Access token for a hub. Never written anywhere; absent: the environment's `HF_TOKEN`. */
  readonly hubToken?: string;
  /** Where progress is to be sent. */
  readonly progressToken?: ProgressToken;
}

export interface RebuildResult {
  readonly tokens?: number;
  /** Absent where nothing was damaged. */
  readonly damage?: Damage;
  /** What is wrong, and what to do about it. */
  readonly problem?: string;
}

/** Builds a datastore and takes it into use. Cancelling the request ends the build; the old store stays. */
export const RebuildDatastoreRequest = new RequestType<RebuildParams, RebuildResult, void>(
  "foretoken/rebuildDatastore",
);
export const BuildProgress = new ProgressType<BuildReport>();

/** A model that can be chosen. */
export interface ModelEntry {
  /** For `FetchModelRequest`, and for the setting. */
  readonly reference: string;
  readonly title: string;
  readonly bytes?: number;
  readonly licence?: { readonly name: string; readonly commercial: "yes" | "no" | "restricted" };
  /** Published pass@1 on single-line infilling, in percent. */
  readonly singleLine?: number;
  /** Whether it fits into memory; absent where its size is not known. */
  readonly fit?: "yes" | "tight" | "no";
  /** Expected milliseconds to the first line on this machine. */
  readonly lineMs?: number;
  /** `fetched` by Foretoken, to be fetched from the `hub`, or the name of the program that has it here. */
  readonly place: string;
  readonly recommended: boolean;
}

/** What is wrong, and what to do about it. */
export interface ModelFailure {
  readonly code?: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ModelList {
  readonly models: readonly ModelEntry[];
  /** Why there are none. */
  readonly problem?: ModelFailure;
}

/** Models of the catalogue, and those on this machine. */
export const ListModelsRequest = new RequestType0<ModelList, void>("foretoken/listModels");

/** How far fetching or testing a model is. */
export interface ModelProgressReport {
  readonly phase: "fetch" | "check";
  /** 0 to 1; absent where it is not known. */
  readonly done?: number;
  readonly text: string;
}

export const ModelProgress = new ProgressType<ModelProgressReport>();

export interface FetchModelParams {
  /** A name of the catalogue, `hf:OWNER/REPOSITORY:FILE`, an address, or a path. */
  readonly reference: string;
  /** Access token for a hub. Never written anywhere; absent: the environment's `HF_TOKEN`. */
  readonly hubToken?: string;
  /** Where progress is to be sent. */
  readonly progressToken?: ProgressToken;
}

/** Where the model lies, or why it is not to be used. */
export type FetchModelResult = { readonly path: string } | { readonly problem: ModelFailure };

/**
 * Fetches a model if need be and tests it, while the present one goes on serving. It is not taken into use: that is
 * the setting's. Cancelling the request ends the download; the next one goes on with it.
 */
export const FetchModelRequest = new RequestType<FetchModelParams, FetchModelResult, void>(
  "foretoken/fetchModel",
);

/** Whether an NVIDIA card is here whose libraries could be fetched: to be asked of the user. */
export const LibrariesRequest = new RequestType0<boolean, void>("foretoken/libraries");

export interface LibrariesReport {
  readonly bytes: number;
  readonly totalBytes: number;
}

export const LibrariesProgress = new ProgressType<LibrariesReport>();

/**
 * Fetches them; null once they are there, to be used from the next start on. Cancelling the request ends the
 * download; the next one goes on with it.
 */
export const FetchLibrariesRequest = new RequestType<
  { readonly progressToken?: ProgressToken },
  ModelFailure | null,
  void
>("foretoken/fetchLibraries");

export const InlineCompletionProgress = new ProgressType<InlineCompletionItem[]>();

/**
 * The command of an item, which a client runs by `workspace/executeCommand` once the item is accepted; its one
 * argument is the item's id.
 */
export const ACCEPT_COMMAND = "foretoken.didAccept";

/** An item as a client sends it back: known by its command's argument. */
export type ShownItem = Partial<InlineCompletionItem> | undefined;

/** The client shows an item. */
export const DidShowCompletionNotification = new NotificationType<{ readonly item: ShownItem }>(
  "textDocument/didShowCompletion",
);

/** The beginning of an item has been accepted. */
export const DidPartiallyAcceptCompletionNotification = new NotificationType<{
  readonly item: ShownItem;
  /** UTF-16 units from the start of the item's text. */
  readonly acceptedLength: number;
}>("textDocument/didPartiallyAcceptCompletion");

/** The user has come to trust the workspace, or trusts it no longer. */
export const DidChangeTrustNotification = new NotificationType<{ readonly trusted: boolean }>(
  "foretoken/didChangeTrust",
);

/** The user has turned to a document, or to none. */
export const DidFocusNotification = new NotificationType<{
  readonly textDocument?: { readonly uri: string } | undefined;
  /** The cursor, where the client sends it. */
  readonly position?: Position | undefined;
}>("textDocument/didFocus");

/** What a client may add to the parameters of a standard request. */
export interface StreamedParams {
  /** Where progress is to be sent. */
  readonly partialResultToken?: ProgressToken;
  readonly textDocument: {
    /** The document version the position refers to; a request for another version has no answer. */
    readonly version?: number;
  };
}

/**
 * What Node is given before the server's script: V8 lets its heap for new objects grow to 48 MB otherwise, of which the
 * server uses next to nothing between two keys.
 */
export const SERVER_NODE_ARGUMENTS = ["--max-semi-space-size=4"] as const;

/** `initializationOptions` of the server. All are optional: a plain LSP client sends none. */
export interface InitializationOptions {
  /** Values of the settings, by name without the section. */
  readonly settings?: unknown;
  /** Folder for what the server remembers between starts. */
  readonly storageDirectory?: string;
  /** Whether the user trusts the workspace; true where absent. Else nothing of it is read but open documents. */
  readonly trusted?: boolean;
  /** Whether models and back ends whose loads have ended the server are tried once more: a person has asked for it. */
  readonly retryLoads?: boolean;
  /**
   * A command of the client's own for items to carry in place of `ACCEPT_COMMAND`, with the same argument. The
   * server then announces no command: clients register what is announced, and lose it with the server.
   */
  readonly acceptCommand?: string;
  /** Whether each request that has ended is reported by `RequestEndedNotification`. */
  readonly reportsRequests?: boolean;
}
