/** What the server reports for the dashboard: requests as they end, and on request what it knows at the moment. */
import { NotificationType, type ProgressToken, RequestType0 } from "vscode-languageserver-protocol";
import type { DraftSourceStatus, StoreStatus } from "./messages.ts";
import type { RequestRecord } from "./outcome.ts";

/** A request that has ended, without anything of what was typed or generated. */
export interface EndedRequest extends Pick<RequestRecord, "outcome" | "timeline" | "computed"> {
  /** Its `partialResultToken`; absent where it had none. */
  readonly token?: ProgressToken | undefined;
}

/** Sent before the answer, to clients that have asked for it by `InitializationOptions.reportsRequests`. */
export const RequestEndedNotification = new NotificationType<EndedRequest>("foretoken/requestEnded");

/** A token of a draft tree as it is drawn. */
export interface DrawnNode {
  /** What it reads; empty for a control token. Bytes that are no whole character are U+FFFD. */
  readonly text: string;
  /** Place of its parent in the list, which is before its own; -1 for the root. */
  readonly parent: number;
  /** Whether the model went this way. */
  readonly accepted: boolean;
  /** The source of drafts that was surest of it; absent for the root, and where nothing is known. */
  readonly source?: string | undefined;
  /** How likely it was held, 0 to 1, that the model comes by. */
  readonly probability?: number | undefined;
}

/** One decode of a completion. */
export interface DrawnStep {
  readonly nodes: readonly DrawnNode[];
  /** The model's own token after the last accepted node. */
  readonly next: string;
  /** Milliseconds of drafting, decoding and verifying. */
  readonly ms: number;
}

/** The last completion that somebody waited for. */
export interface DrawnCompletion {
  /** Tells completions apart. */
  readonly id: number;
  readonly steps: readonly DrawnStep[];
  readonly finishReason: string;
}

/** What a decode costs on this machine with the loaded model. */
export interface MachineFigures {
  readonly modelName: string;
  readonly backend: string;
  readonly threads: number;
  /** Whether the costs have been measured; else they are assumed, and relative to a decode of one node. */
  readonly isMeasured: boolean;
  /** T(n) after the present context: milliseconds of a decode of n nodes, from n = 1. */
  readonly costs: readonly number[];
  /** Numbers of nodes whose cost is known from decodes; others are estimated from them. */
  readonly measuredSizes: readonly number[];
  /** Most nodes of a tree whose results are exact. */
  readonly mostNodes: number;
  /** How many decodes since the model was loaded had a tree of n nodes, from n = 1; as long as `costs` at most. */
  readonly treeSizes: readonly number[];
}

/** The index of the workspace's files. */
export interface WorkspaceIndexStatus {
  readonly files: number;
  readonly tokens: number;
  /** Whether the folders have been read; then changes of files are followed as they come. */
  readonly isComplete: boolean;
}

export interface DashboardFigures {
  /** Absent before the first, and once its model was freed. */
  readonly completion?: DrawnCompletion | undefined;
  /** Absent without a model. */
  readonly machine?: MachineFigures | undefined;
  readonly sources: readonly DraftSourceStatus[];
  readonly stores: readonly StoreStatus[];
  /** Absent where the workspace is not indexed. */
  readonly workspace?: WorkspaceIndexStatus | undefined;
}

export const DashboardRequest = new RequestType0<DashboardFigures, void>("foretoken/dashboard");

/** Indexes the workspace anew. Answers whether it is to be indexed at all. */
export const ReindexWorkspaceRequest = new RequestType0<boolean, void>("foretoken/reindexWorkspace");
