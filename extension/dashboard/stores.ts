/** The data to draft from: datastores and the index of the workspace. */
import type { DashboardFigures, StoreStatus, WorkspaceIndexStatus } from "../../server/protocol/index.ts";
import { age, amount, counted, type PageAction } from "../figures/index.ts";
import { button, empty, html, section, table } from "./dom.ts";

export function storesSection(
  server: DashboardFigures | undefined,
  now: number,
  act: (action: PageAction) => void,
): HTMLElement {
  const stores = server?.stores ?? [];
  return section(
    "stores",
    "Datastores and workspace",
    stores.length > 0
      ? table(
          "Datastores",
          ["Datastore", "Tokens", "Built", "State"],
          stores.map(store => storeRow(store, now)),
        )
      : empty("There is no datastore for this model."),
    html("p", {}, workspaceText(server?.workspace)),
    html(
      "p",
      { class: "buttons" },
      button("Rebuild a Datastore...", () => act("rebuild")),
      button("Reindex the Workspace", () => act("reindex")),
    ),
  );
}

const storeRow = ({ name, tokens, created, problem }: StoreStatus, now: number): string[] => [
  name,
  problem ? "" : amount(tokens),
  age(created, now),
  problem ? `not used: ${problem}` : "in use",
];

function workspaceText(workspace: WorkspaceIndexStatus | undefined): string {
  if (!workspace)
    return "The workspace is not indexed: there is no folder or no model, or it is switched off.";
  const size = `${counted(workspace.files, "file")} with ${amount(workspace.tokens)} tokens`;
  return workspace.isComplete
    ? `The workspace's index has ${size}, and follows each change.`
    : `The workspace is being indexed: ${size} so far.`;
}
