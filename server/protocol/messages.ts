/**
 * Messages between client and server besides the standard protocol.
 *
 * Completions are standard `textDocument/inlineCompletion`. A client that sends a `partialResultToken`
 * receives the text while it grows: each progress value is a list of one item with the whole text so far, which
 * replaces the previous item and extends its text. The response repeats the last item.
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
import type { FinishReason } from "./finishReason.ts";
import type { Explanation, NothingShown } from "./outcome.ts";

/** `asleep`: the model's memory has been freed; the next completion loads it again. */
type ServerState = "starting" | "ready" | "working" | "asleep" | "off" | "error";

/** Advice that would make a first line appear sooner; times are expected milliseconds. */
export type SlowAdvice =
  | { readonly kind: "model"; readonly reference: string; readonly title: string; readonly lineMs: number }
  | { readonly kind: "context"; readonly tokens: number; readonly lineMs: number }
  | { readonly kind: "backend"; readonly backend: string };

/** First lines take long with the loaded model. */
export interface SlowLines {
  readonly model: string;
  /** Median milliseconds until the first line. */
  readonly lineMs: number;
  /** The most helpful advice first; never empty. */
  readonly advice: readonly SlowAdvice[];
}

/** Figures of the last completion. Times in milliseconds since the request arrived. */
export interface CompletionFigures {
  readonly firstTextMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
  readonly steps: number;
  readonly drafted: number;
  readonly accepted: number;
  readonly finishReason: FinishReason;
}

/** A store to draft from. */
export interface StoreStatus {
  readonly name: string;
  readonly tokens: number;
  /** ISO 8601; "" if unknown. */
  readonly created: string;
  /** Why the store is not used, and the remedy. */
  readonly problem?: string | undefined;
}

/** What a source of drafts has contributed since the model was loaded. */
export interface DraftSourceStatus {
  readonly name: string;
  readonly proposed: number;
  readonly accepted: number;
  /** Mean number of accepted tokens over the steps at which something was drafted. */
  readonly meanAcceptedLength: number;
  /** Total milliseconds spent on searching. */
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
  /** What the user should know about the loaded model, in sentences; may be empty. */
  readonly notes?: readonly string[] | undefined;
  /** Share of the model being loaded that is in memory, 0 to 1; absent if none is loading. */
  readonly loaded?: number | undefined;
  readonly last?: CompletionFigures | undefined;
  /** The last request, if nothing is shown for it. */
  readonly nothing?: NothingShown | undefined;
  readonly slow?: SlowLines | undefined;
  readonly stores?: readonly StoreStatus[] | undefined;
  /** Share of the drafted tokens that were accepted since the model was loaded, 0 to 1; undefined before any. */
  readonly acceptance?: number | undefined;
  /** Measured speed-up since the model was loaded: the cost of its tokens one by one over the cost of its decodes. */
  readonly speedUp?: number | undefined;
  readonly sources?: readonly DraftSourceStatus[] | undefined;
  /** Suggestions since the server started: number shown, and number accepted whole. */
  readonly suggestions?: { readonly shown: number; readonly accepted: number } | undefined;
}

/** Returns the outcome of the last request for a completion. */
export const ExplainLastRequest = new RequestType0<Explanation, void>("foretoken/explainLast");

export const StatusNotification = new NotificationType<Status>("foretoken/status");

/** Frees the model's memory; the next completion loads it again. Returns whether a model was loaded. */
export const FreeMemoryRequest = new RequestType0<boolean, void>("foretoken/freeMemory");

/** Progress of a build of a datastore. */
export interface BuildReport {
  readonly phase: "read" | "sort" | "write" | "done";
  /** The input that is being read. */
  readonly input: string;
  readonly documents: number;
  readonly tokens: number;
  /** 0 to 1; absent if unknown. */
  readonly done?: number;
  readonly leftMs?: number;
  /** With `done`: damaged parts that were skipped. */
  readonly damage?: Damage;
}

export interface RebuildParams {
  /** As in `foretoken datastore build --source`. */
  readonly source: string;
  /** A store replaces an older one of the same name. */
  readonly name: string;
  /** How many files of a data set are used; all if absent. */
  readonly first?: number;
  /** Access token for a hub. Never saved; if absent, the environment's `HF_TOKEN` is used. */
  readonly hubToken?: string;
  /** Token for progress reports. */
  readonly progressToken?: ProgressToken;
}

export interface RebuildResult {
  readonly tokens?: number;
  /** Absent if nothing was damaged. */
  readonly damage?: Damage;
  /** The problem and its remedy. */
  readonly problem?: string;
  /** Which problem it is, where that is known; as in `ModelFailure`. */
  readonly code?: string;
}

/** Builds a datastore and puts it into use. Cancelling the request ends the build; the old store stays in use. */
export const RebuildDatastoreRequest = new RequestType<RebuildParams, RebuildResult, void>(
  "foretoken/rebuildDatastore",
);
export const BuildProgress = new ProgressType<BuildReport>();

/** A model that can be chosen. */
export interface ModelEntry {
  /** For `FetchModelRequest` and for the setting. */
  readonly reference: string;
  readonly title: string;
  readonly bytes?: number;
  readonly licence?: { readonly name: string; readonly commercial: "yes" | "no" | "restricted" };
  /** Published pass@1 on single-line infilling, in percent. */
  readonly singleLine?: number;
  /** Whether it fits into memory; absent if its size is unknown. */
  readonly fit?: "yes" | "tight" | "no";
  /** Expected milliseconds to the first line on this machine. */
  readonly lineMs?: number;
  /** `fetched` if Foretoken fetched it, `hub` if it must be fetched, or the name of the local program that has it. */
  readonly place: string;
  readonly recommended: boolean;
}

/** A problem and its remedy. */
export interface ModelFailure {
  readonly code?: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ModelList {
  readonly models: readonly ModelEntry[];
  /** Why there are no models. */
  readonly problem?: ModelFailure;
}

/** Lists the catalogue's models and those on this machine. */
export const ListModelsRequest = new RequestType0<ModelList, void>("foretoken/listModels");

/** Progress of fetching or testing a model. */
export interface ModelProgressReport {
  readonly phase: "fetch" | "check";
  /** 0 to 1; absent if unknown. */
  readonly done?: number;
  readonly text: string;
}

export const ModelProgress = new ProgressType<ModelProgressReport>();

export interface FetchModelParams {
  /** A name of the catalogue, `hf:OWNER/REPOSITORY:FILE`, an address, or a path. */
  readonly reference: string;
  /** Access token for a hub. Never saved; if absent, the environment's `HF_TOKEN` is used. */
  readonly hubToken?: string;
  /** Token for progress reports. */
  readonly progressToken?: ProgressToken;
}

/** The model's path, or why it must not be used. */
export type FetchModelResult = { readonly path: string } | { readonly problem: ModelFailure };

/**
 * Fetches a model if needed and tests it, while the present one keeps serving. Only the setting puts it into use.
 * Cancelling the request ends the download; the next one continues it.
 */
export const FetchModelRequest = new RequestType<FetchModelParams, FetchModelResult, void>(
  "foretoken/fetchModel",
);

/** Whether this machine has an NVIDIA card whose libraries could be fetched: the client then asks the user. */
export const LibrariesRequest = new RequestType0<boolean, void>("foretoken/libraries");

export interface LibrariesReport {
  readonly bytes: number;
  readonly totalBytes: number;
}

export const LibrariesProgress = new ProgressType<LibrariesReport>();

/**
 * Fetches the libraries; null once they are installed, for use from the next start on. Cancelling the request ends the
 * download; the next one continues it.
 */
export const FetchLibrariesRequest = new RequestType<
  { readonly progressToken?: ProgressToken },
  ModelFailure | null,
  void
>("foretoken/fetchLibraries");

export const InlineCompletionProgress = new ProgressType<InlineCompletionItem[]>();

/**
 * The command of an item, which a client runs through `workspace/executeCommand` once the item is accepted; its only
 * argument is the item's id.
 */
export const ACCEPT_COMMAND = "foretoken.didAccept";

/** An item that a client sends back: identified by its command's argument. */
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

/** The user now trusts the workspace, or no longer does. */
export const DidChangeTrustNotification = new NotificationType<{ readonly trusted: boolean }>(
  "foretoken/didChangeTrust",
);

/** The user has switched to a document, or to none. */
export const DidFocusNotification = new NotificationType<{
  readonly textDocument?: { readonly uri: string } | undefined;
  /** The cursor, if the client sends it. */
  readonly position?: Position | undefined;
}>("textDocument/didFocus");

/** What a client may add to the parameters of a standard request. */
export interface StreamedParams {
  /** Token for progress reports. */
  readonly partialResultToken?: ProgressToken;
  readonly textDocument: {
    /** The document version the position refers to; a request for another version has no answer. */
    readonly version?: number;
  };
}

/**
 * Arguments for Node before the server's script: V8 would otherwise let its heap for new objects grow to 48 MB, and the server
 * uses almost none of it between two keys.
 */
export const SERVER_NODE_ARGUMENTS = ["--max-semi-space-size=4"] as const;

/** `initializationOptions` of the server. All are optional: a plain LSP client sends none. */
export interface InitializationOptions {
  /** Values of the settings, by name without the section. */
  readonly settings?: unknown;
  /** Folder for data that the server keeps between starts. */
  readonly storageDirectory?: string;
  /** Whether the user trusts the workspace; true if absent. If not, only its open documents are read. */
  readonly trusted?: boolean;
  /** Whether models and back ends whose loads have ended the server are tried once more, at the user's request. */
  readonly retryLoads?: boolean;
  /**
   * A command of the client for items to carry instead of `ACCEPT_COMMAND`, with the same argument. The server then
   * announces no command: clients register an announced command, and lose it when the server ends.
   */
  readonly acceptCommand?: string;
  /** Whether each ended request is reported by `RequestEndedNotification`. */
  readonly reportsRequests?: boolean;
}
