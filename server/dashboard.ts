/** The server's side of the dashboard: collects the state of the server's parts on request. */
import type { Connection } from "vscode-languageserver";
import type { LastCompletion } from "./completion/index.ts";
import type { StatusBoard } from "./lsp/index.ts";
import type { ModelFeature } from "./model/index.ts";
import {
  DashboardRequest,
  type MachineFigures,
  ReindexWorkspaceRequest,
  type WorkspaceIndexStatus,
} from "./protocol/index.ts";

interface DashboardDependencies {
  readonly model: Pick<ModelFeature, "current" | "isCurrent">;
  readonly board: Pick<StatusBoard, "current">;
  readonly last: LastCompletion;
  /** The workspace's index; undefined if there is none. */
  workspaceIndex(): WorkspaceIndexStatus | undefined;
  /** Indexes the workspace again; false if it is not to be indexed. */
  reindex(): boolean;
}

export function registerDashboard(connection: Connection, parts: DashboardDependencies): void {
  const { model, board, last } = parts;
  connection.onRequest(DashboardRequest, () => ({
    completion: last.drawn(model.isCurrent),
    machine: model.current && machineFigures(model.current, last.treeSizes),
    sources: board.current.sources ?? [],
    stores: board.current.stores ?? [],
    workspace: parts.workspaceIndex(),
  }));
  connection.onRequest(ReindexWorkspaceRequest, () => parts.reindex());
}

/** Costs of decodes, up to the largest tree that may be drafted. */
function machineFigures(
  engine: NonNullable<ModelFeature["current"]>,
  treeSizes: readonly number[],
): MachineFigures {
  const { modelName, backend, threads, maxTreeNodes } = engine.info;
  return {
    modelName,
    backend,
    threads,
    isMeasured: engine.prefillMsPerToken !== undefined,
    costs: Array.from({ length: maxTreeNodes }, (_, index) => engine.cost(index + 1)),
    measuredSizes: engine.measuredSizes ?? [],
    mostNodes: Math.max(1, engine.room()),
    treeSizes: treeSizes.slice(0, maxTreeNodes),
  };
}
