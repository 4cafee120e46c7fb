/** Requests and notifications to the server. Without a server none is sent, and the answer says so. */
import * as vscode from "vscode";
import {
  ExecuteCommandRequest,
  type InlineCompletionItem,
  InlineCompletionRequest,
  InlineCompletionTriggerKind,
  type LanguageClient,
  type ProgressType,
} from "vscode-languageclient/node";
import {
  ACCEPT_COMMAND,
  BuildProgress,
  type BuildReport,
  type DashboardFigures,
  DashboardRequest,
  DidChangeTrustNotification,
  DidFocusNotification,
  type EndedRequest,
  ExplainLastRequest,
  FetchLibrariesRequest,
  type FetchModelParams,
  FetchModelRequest,
  type FetchModelResult,
  FreeMemoryRequest,
  InlineCompletionProgress,
  LibrariesProgress,
  type LibrariesReport,
  LibrariesRequest,
  ListModelsRequest,
  type ModelFailure,
  type ModelList,
  ModelProgress,
  type ModelProgressReport,
  RebuildDatastoreRequest,
  type RebuildParams,
  type RebuildResult,
  ReindexWorkspaceRequest,
} from "../server/protocol/index.ts";
import { messageOf } from "./background.ts";
import { DOCUMENT_SELECTOR } from "./documentSelector.ts";
import { NO_SERVER } from "./figures/index.ts";

export interface CompletionQuery {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly explicit: boolean;
  /** The entry of the suggestion list that the text is to continue. */
  readonly selected: vscode.SelectedCompletionInfo | undefined;
}

interface CompletionAnswer {
  readonly item: InlineCompletionItem | undefined;
  readonly ended: EndedRequest | undefined;
}

export class ServerRequests {
  /** Numbers the tokens of partial results: each is used once, also across restarts. */
  private count = 0;
  /** By token, the callback that is told how a request ended. */
  private readonly ending = new Map<string, (ended: EndedRequest) => void>();

  /** @param running the client while its server answers; undefined before and after */
  constructor(
    private readonly running: () => LanguageClient | undefined,
    private readonly output: vscode.LogOutputChannel,
  ) {}

  /**
   * Asks for a completion. `onText` is called with the whole text each time it has grown. Resolves to the
   * final item and how the request ended; undefined where it failed or there is no server.
   */
  async complete(
    { document, position, explicit, selected }: CompletionQuery,
    onText: (item: InlineCompletionItem) => void,
    token: vscode.CancellationToken,
  ): Promise<CompletionAnswer | undefined> {
    const client = this.running();
    if (!client) return undefined;
    try {
      const selectedCompletionInfo = selected && {
        text: selected.text,
        range: client.code2ProtocolConverter.asRange(selected.range),
      };
      const params = {
        textDocument: { uri: client.code2ProtocolConverter.asUri(document.uri), version: document.version },
        position: client.code2ProtocolConverter.asPosition(position),
        context: {
          triggerKind: explicit ? InlineCompletionTriggerKind.Invoked : InlineCompletionTriggerKind.Automatic,
          ...(selectedCompletionInfo && { selectedCompletionInfo }),
        } as const,
      };
      let ended: EndedRequest | undefined;
      const answer = await this.reported(
        client,
        InlineCompletionProgress,
        ([item]) => item && onText(item),
        async partialResultToken => {
          this.ending.set(partialResultToken, request => {
            ended = request;
          });
          const sent = { ...params, partialResultToken };
          return client
            .sendRequest(InlineCompletionRequest.type, sent, token)
            .finally(() => this.ending.delete(partialResultToken));
        },
      );
      return { item: (Array.isArray(answer) ? answer : answer?.items)?.[0], ended };
    } catch (error) {
      if (!token.isCancellationRequested) this.output.warn(`Completion request failed: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The server has reported the end of a request. */
  requestEnded(ended: EndedRequest): void {
    this.ending.get(String(ended.token))?.(ended);
  }

  /** Reports that a suggestion was accepted. @param ids the arguments of its command */
  async accepted(ids: unknown[]): Promise<void> {
    await this.running()?.sendRequest(ExecuteCommandRequest.type, {
      command: ACCEPT_COMMAND,
      arguments: ids,
    });
  }

  /** Reports which document the user has turned to. */
  async focused({ document, selection }: vscode.TextEditor): Promise<void> {
    const client = this.running();
    if (!client || vscode.languages.match(DOCUMENT_SELECTOR, document) === 0) return;
    const { code2ProtocolConverter: converter } = client;
    await client.sendNotification(DidFocusNotification, {
      textDocument: { uri: converter.asUri(document.uri) },
      position: converter.asPosition(selection.active),
    });
  }

  /** Reports that the user trusts the workspace now. */
  async trustGranted(): Promise<void> {
    await this.running()?.sendNotification(DidChangeTrustNotification, { trusted: true });
  }

  /** Frees the model's memory; false when there was no model. */
  async freeMemory(): Promise<boolean> {
    return (await this.running()?.sendRequest(FreeMemoryRequest)) ?? false;
  }

  /** What became of the last request, in Markdown; undefined without a server. */
  async explainLast(): Promise<string | undefined> {
    return (await this.running()?.sendRequest(ExplainLastRequest))?.markdown;
  }

  /** Builds a datastore. A server that goes away meanwhile is a problem like any other. */
  async rebuildDatastore(
    params: Omit<RebuildParams, "progressToken">,
    onReport: (report: BuildReport) => void,
    token: vscode.CancellationToken,
  ): Promise<RebuildResult> {
    const client = this.running();
    if (!client) return { problem: `${NO_SERVER.message} ${NO_SERVER.remedy}` };
    try {
      return await this.reported(client, BuildProgress, onReport, progressToken =>
        client.sendRequest(RebuildDatastoreRequest, { ...params, progressToken }, token),
      );
    } catch (error) {
      return {
        problem: token.isCancellationRequested ? "The build was cancelled." : messageOf(error),
      };
    }
  }

  /** What the server knows for the dashboard; undefined without a server. */
  async dashboard(): Promise<DashboardFigures | undefined> {
    return this.running()?.sendRequest(DashboardRequest);
  }

  /** Indexes the workspace again; false if it is not to be indexed, undefined without a server. */
  async reindexWorkspace(): Promise<boolean | undefined> {
    return this.running()?.sendRequest(ReindexWorkspaceRequest);
  }

  /** Whether libraries for a graphics card could be fetched. */
  async wantsLibraries(): Promise<boolean> {
    return (await this.running()?.sendRequest(LibrariesRequest)) ?? false;
  }

  /** Fetches them; null once they are there. A server that goes away meanwhile is a problem like any other. */
  async fetchLibraries(
    onReport: (report: LibrariesReport) => void,
    token: vscode.CancellationToken,
  ): Promise<ModelFailure | null> {
    const client = this.running();
    if (!client) return NO_SERVER;
    try {
      return await this.reported(client, LibrariesProgress, onReport, progressToken =>
        client.sendRequest(FetchLibrariesRequest, { progressToken }, token),
      );
    } catch (error) {
      if (token.isCancellationRequested)
        return { code: "cancelled", message: "It was cancelled.", remedy: "" };
      return { message: messageOf(error), remedy: "Try again." };
    }
  }

  /** Models to choose from. */
  async listModels(): Promise<ModelList> {
    return (await this.running()?.sendRequest(ListModelsRequest)) ?? { models: [], problem: NO_SERVER };
  }

  /** Fetches a model if need be, and tests it. A server that goes away meanwhile is a problem like any other. */
  async fetchModel(
    params: Omit<FetchModelParams, "progressToken">,
    onReport: (report: ModelProgressReport) => void,
    token: vscode.CancellationToken,
  ): Promise<FetchModelResult> {
    const client = this.running();
    if (!client) return { problem: NO_SERVER };
    try {
      return await this.reported(client, ModelProgress, onReport, progressToken =>
        client.sendRequest(FetchModelRequest, { ...params, progressToken }, token),
      );
    } catch (error) {
      if (token.isCancellationRequested)
        return { problem: { code: "cancelled", message: "The download was cancelled.", remedy: "" } };
      return { problem: { message: messageOf(error), remedy: "Try again." } };
    }
  }

  /** Sends a request with a token of its own under which the server reports progress. */
  private async reported<Report, Result>(
    client: LanguageClient,
    type: ProgressType<Report>,
    onReport: (report: Report) => void,
    send: (progressToken: string) => Promise<Result>,
  ): Promise<Result> {
    const progressToken = `foretoken-${++this.count}`;
    const listening = client.onProgress(type, progressToken, onReport);
    try {
      return await send(progressToken);
    } finally {
      listening.dispose();
    }
  }
}
