/** The command "Choose Model": lists models, fetches and tests the chosen one, and switches to it. */
import * as vscode from "vscode";
import {
  type FetchModelParams,
  type FetchModelResult,
  type ModelFailure,
  type ModelList,
  type ModelProgressReport,
  SECTION,
} from "../server/protocol/index.ts";
import type { Activity } from "./activity.ts";
import { Commands, TITLES } from "./commands.ts";
import { forgetHubToken, hubToken, mayNeedToken } from "./hubToken.ts";
import { type ModelItem, modelItem } from "./modelItems.ts";
import { withPercent } from "./percentProgress.ts";
import { updateWhereInForce } from "./settings.ts";

/** What the command needs of the server. */
interface ModelSource {
  listModels(): Promise<ModelList>;
  fetchModel(
    params: Omit<FetchModelParams, "progressToken">,
    onReport: (report: ModelProgressReport) => void,
    token: vscode.CancellationToken,
  ): Promise<FetchModelResult>;
}

/** What the command needs of the extension. */
interface ModelTools {
  readonly secrets: vscode.SecretStorage;
  readonly activity: Activity;
  showLog(): void;
}

interface Choice extends vscode.QuickPickItem {
  /** The model to use; undefined if the user has cancelled. */
  choose(): Promise<string | undefined>;
}

const SETTING = "modelPath";
const GIVE_TOKEN = "Give an Access Token";
const SHOW_LOG = TITLES[Commands.showLog];

/**
 * Resolves when the model is in use, or there is nothing more to do.
 * @param wanted the model, where it is chosen already; else the user is asked
 */
export async function chooseModel(source: ModelSource, tools: ModelTools, wanted?: string): Promise<void> {
  const reference = wanted ?? (await askForModel(source, tools));
  if (reference === undefined) return;
  if (reference === "" || (await fetchAndTest(source, reference, tools)))
    await updateWhereInForce(SETTING, reference);
}

/** The model that the user chooses; "" is the packaged one. */
async function askForModel(source: ModelSource, tools: ModelTools): Promise<string | undefined> {
  const { models, problem } = await source.listModels();
  if (problem) {
    await showProblem(problem, [SHOW_LOG], tools);
    return undefined;
  }
  const current = vscode.workspace.getConfiguration(SECTION).get<string>(SETTING, "");
  const choices = [...models.map(entry => ofItem(modelItem(entry, current))), ...otherChoices(current)];
  const picked = await vscode.window.showQuickPick(choices, {
    title: "Choose the Model for Completions",
    placeHolder: "Models run on this machine. The current one stays in use until the new one is ready.",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.choose();
}

const ofItem = ({ label, description, detail, reference }: ModelItem): Choice => ({
  label,
  description,
  detail,
  choose: async () => reference,
});

/** Choices beside the catalogue's: the packaged model, a file of this machine, a model of the hub by name. */
function otherChoices(current: string): Choice[] {
  return [
    {
      label: `${current === "" ? "$(check)" : "$(package)"} The Included Small Model`,
      description:
        "135 million parameters · nothing to fetch · knows idioms and names in its context, little more",
      choose: async () => "",
    },
    {
      label: "$(file) A GGUF File...",
      description: "on this machine",
      choose: async () => {
        const chosen = await vscode.window.showOpenDialog({
          filters: { GGUF: ["gguf"] },
          openLabel: "Use This Model",
        });
        return chosen?.[0]?.fsPath;
      },
    },
    {
      label: "$(link) Another Name or Address...",
      description: "hf:OWNER/REPOSITORY:FILE, https://..., a path, or a name in the catalogue",
      choose: async () => {
        const given = await vscode.window.showInputBox({
          title: "Model",
          placeHolder: "hf:OWNER/REPOSITORY:FILE",
          ignoreFocusOut: true,
        });
        return given?.trim() || undefined;
      },
    },
  ];
}

/** Whether the model is here and may be used. */
async function fetchAndTest(
  source: ModelSource,
  reference: string,
  tools: ModelTools,
  token?: string,
): Promise<boolean> {
  const params = { reference, ...(token && { hubToken: token }) };
  const result = await withPercent(`Foretoken: ${reference}`, tools.activity, (show, cancellation) =>
    source.fetchModel(params, ({ done, text }) => show(text, done), cancellation),
  );
  if ("path" in result) return true;
  const { problem } = result;
  if (problem.code === "cancelled") return false;
  const chosen = await showProblem(problem, mayNeedToken(problem.code) ? [GIVE_TOKEN] : [SHOW_LOG], tools);
  if (chosen !== GIVE_TOKEN) return false;
  if (token) await forgetHubToken(tools.secrets);
  const given = await hubToken(tools.secrets);
  return given === undefined ? false : fetchAndTest(source, reference, tools, given);
}

async function showProblem(
  { message, remedy }: ModelFailure,
  actions: readonly string[],
  { showLog }: ModelTools,
): Promise<string | undefined> {
  const chosen = await vscode.window.showErrorMessage(`Foretoken: ${message} ${remedy}`, ...actions);
  if (chosen === SHOW_LOG) showLog();
  return chosen;
}
