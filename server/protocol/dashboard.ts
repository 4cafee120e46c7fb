/** Data for the dashboard: requests when they end, and the server's current state on request. */
import { NotificationType, type ProgressToken, RequestType0 } from "vscode-languageserver-protocol";
import type { FinishReason } from "./finishReason.ts";
import type { DraftSourceStatus, StoreStatus } from "./messages.ts";
import type { RequestRecord } from "./outcome.ts";

/** A request that has ended, without any typed or generated text. */
export interface EndedRequest extends Pick<RequestRecord, "outcome" | "timeline" | "computed"> {
  /** The request's `partialResultToken`; absent if it had none. */
  readonly token?: ProgressToken | undefined;
}

/** Sent before the answer, to clients that request it through `InitializationOptions.reportsRequests`. */
export const RequestEndedNotification = new NotificationType<EndedRequest>("foretoken/requestEnded");

/** A token of a draft tree, as drawn. */
export interface DrawnNode {
  /** The token's text; empty for a control token. Incomplete characters are U+FFFD. */
  readonly text: string;
  /** Index of its parent in the list, which comes before it; -1 for the root. */
  readonly parent: number;
  /** Whether the model took this branch. */
  readonly accepted: boolean;
  /** The source of drafts that gave it the highest probability; absent for the root, and if unknown. */
  readonly source?: string | undefined;
  /** Estimated probability, 0 to 1, that the model reaches this token. */
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

/** The last completion that a request waited for. */
export interface DrawnCompletion {
  /** Distinguishes completions. */
  readonly id: number;
  readonly steps: readonly DrawnStep[];
  readonly finishReason: FinishReason;
}

/** Costs of decodes on this machine with the loaded model. */
export interface MachineFigures {
  readonly modelName: string;
  readonly backend: string;
  readonly threads: number;
  /** Whether the costs have been measured; else they are assumptions, relative to a decode of one node. */
  readonly isMeasured: boolean;
  /** T(n) after the present context: milliseconds of a decode of n nodes, from n = 1. */
  readonly costs: readonly number[];
  /** Numbers of nodes whose cost was measured; the others are estimated from them. */
  readonly measuredSizes: readonly number[];
  /** Largest number of nodes of a tree whose results are exact. */
  readonly mostNodes: number;
  /** Number of decodes since the model was loaded with a tree of n nodes, from n = 1; at most as long as `costs`. */
  readonly treeSizes: readonly number[];
}

/** The index of the workspace's files. */
export interface WorkspaceIndexStatus {
  readonly files: number;
  readonly tokens: number;
  /** Whether the folders have been read; from then on changes of files are followed. */
  readonly isComplete: boolean;
}

export interface DashboardFigures {
  /** Absent before the first, and once its model was freed. */
  readonly completion?: DrawnCompletion | undefined;
  /** Absent without a model. */
  readonly machine?: MachineFigures | undefined;
  readonly sources: readonly DraftSourceStatus[];
  readonly stores: readonly StoreStatus[];
  /** Absent if the workspace is not indexed. */
  readonly workspace?: WorkspaceIndexStatus | undefined;
}

export const DashboardRequest = new RequestType0<DashboardFigures, void>("foretoken/dashboard");

/** Indexes the workspace again. Returns whether it is to be indexed at all. */
export const ReindexWorkspaceRequest = new RequestType0<boolean, void>("foretoken/reindexWorkspace");
