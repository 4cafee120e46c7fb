/** The command "Rebuild Datastore": asks for a source, shows how far the build is, and lets it be cancelled. */
import { homedir } from "node:os";
import { basename } from "node:path";
import * as vscode from "vscode";
import {
  type BuildReport,
  damageText,
  type RebuildParams,
  type RebuildResult,
  timeLeftText,
} from "../server/protocol/index.ts";
import type { Activity } from "./activity.ts";
import { inBackground } from "./background.ts";
import {
  type BuildSource,
  hubSource,
  languagesFor,
  type StackLanguage,
  sizeOfStack,
  storeName,
} from "./buildSources.ts";
import { counted } from "./figures/index.ts";
import { forgetHubToken, hubToken, mayNeedToken } from "./hubToken.ts";
import { withPercent } from "./percentProgress.ts";

/** What the command needs of the server. */
interface DatastoreBuilder {
  rebuildDatastore(
    params: Omit<RebuildParams, "progressToken">,
    onReport: (report: BuildReport) => void,
    token: vscode.CancellationToken,
  ): Promise<RebuildResult>;
}

/** An entry of the list of sources; `choose` asks for further details, and returns undefined if the user stops. */
interface SourceItem extends vscode.QuickPickItem {
  choose(): Promise<BuildSource | undefined>;
}

/** Shown before anything of The Stack is fetched: its terms bind whoever uses it, and must be agreed to. */
const TERMS =
  "The Stack holds code under its authors' licences. By using it you agree to comply with them, attribution included, to move to the newest version when it changes, and to pass these terms on with the data. They must also be accepted on the data set's page with the account whose access token is used.";
const AGREE = "Agree and Download";
const FORGET = "Forget the Token";

/** Builds a datastore of what the user chooses. Resolves when it is in use, or there is nothing more to do. */
export async function rebuildDatastore(
  builder: DatastoreBuilder,
  secrets: vscode.SecretStorage,
  activity: Activity,
): Promise<void> {
  const item = await vscode.window.showQuickPick(sourceItems(secrets), {
    title: "Rebuild Datastore",
    placeHolder: "What should drafts come from?",
  });
  const source = await item?.choose();
  if (source) await build(builder, source, secrets, activity);
}

/** What a datastore can be built of, from the nearest and smallest to the largest. */
function sourceItems(secrets: vscode.SecretStorage): SourceItem[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return [
    ...folders.map(({ name, uri }) => ({
      label: `$(folder) ${name}`,
      description: "this workspace",
      detail: "Source files that git does not ignore. Seconds for thousands of files.",
      choose: async () => ({ source: uri.fsPath, name: `workspace-${storeName(name, uri.fsPath)}` }),
    })),
    {
      label: "$(snake) Python Installation",
      description: "this machine's Python and its packages",
      detail:
        "About a minute and 6 bytes on disk for each of typically 10 to 60 million tokens. Nothing is downloaded.",
      choose: async () => ({ source: "python", name: "python" }),
    },
    {
      label: "$(file-directory) Folder or File...",
      detail: "Source files below a folder, or a Parquet or JSON lines file with a column of contents.",
      choose: chooseFile,
    },
    {
      label: "$(cloud-download) The Stack",
      description: "bigcode/the-stack-dedup, in a language that you choose",
      detail: sizeOfStack(1),
      choose: () => chooseStack(secrets),
    },
  ];
}

async function chooseFile(): Promise<BuildSource | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: true,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(homedir()),
    openLabel: "Build",
  });
  const path = chosen?.[0]?.fsPath;
  return path ? { source: path, name: storeName(basename(path), path) } : undefined;
}

/** Most files of a language that may be asked for where their number is not known; those that exist are taken. */
const MOST_FILES = 1000;

/**
 * Asks for the language of The Stack and how much of it is to be fetched, for agreement to its terms, and for a token of the
 * hub.
 */
async function chooseStack(secrets: vscode.SecretStorage): Promise<BuildSource | undefined> {
  const language = await vscode.window.showQuickPick(
    languagesFor(vscode.window.activeTextEditor?.document.languageId),
    { title: "The Stack", placeHolder: "Which language?" },
  );
  if (language === undefined) return undefined;
  const given = await askForFiles(language);
  if (given === undefined) return undefined;
  const agreed = await vscode.window.showInformationMessage(TERMS, { modal: true }, AGREE);
  if (agreed !== AGREE) return undefined;
  const token = await hubToken(secrets);
  return token === undefined ? undefined : hubSource(language, Number(given), token);
}

/** Asks how many files of a language are to be fetched. */
function askForFiles({ label, files }: StackLanguage): Thenable<string | undefined> {
  const most = files ?? MOST_FILES;
  return vscode.window.showInputBox({
    title: `The Stack, ${label}: how many of its ${files === undefined ? "" : `${files} `}files?`,
    prompt: sizeOfStack(1),
    value: "1",
    validateInput: value =>
      /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= most
        ? sizeHint(Number(value))
        : `A number from 1 to ${most}.`,
  });
}

const sizeHint = (files: number) => ({
  message: sizeOfStack(files),
  severity: vscode.InputBoxValidationSeverity.Info,
});

/** Builds with a notification that shows how far it is and can cancel it. */
async function build(
  builder: DatastoreBuilder,
  { source, name, ...rest }: BuildSource,
  secrets: vscode.SecretStorage,
  activity: Activity,
): Promise<void> {
  const result = await withPercent("Foretoken: building the datastore", activity, (show, token) =>
    builder.rebuildDatastore(
      { source, name, ...rest },
      report => show(reportText(report), report.done),
      token,
    ),
  );
  if (result.problem === undefined) inBackground(showBuilt(result), "A message");
  else await showProblem(result.problem, rest.hubToken !== undefined && mayNeedToken(result.code), secrets);
}

/** Shows the result and, if a part of the source was damaged, what is missing. */
function showBuilt({ tokens = 0, damage }: RebuildResult): Thenable<unknown> {
  const built = `Foretoken now drafts from a datastore of ${counted(tokens, "token")}.`;
  return damage
    ? vscode.window.showWarningMessage(`${built} ${damageText(damage)}`)
    : vscode.window.showInformationMessage(built);
}

/** Shows what went wrong. @param isRefused whether a token was refused: the user can then give another one the next time */
async function showProblem(
  problem: string,
  isRefused: boolean,
  secrets: vscode.SecretStorage,
): Promise<void> {
  const choices = isRefused ? [FORGET] : [];
  const chosen = await vscode.window.showWarningMessage(`Foretoken: ${problem}`, ...choices);
  if (chosen === FORGET) await forgetHubToken(secrets);
}

/** The state of a build in words; the time that is left is a guess from the speed so far. */
function reportText({ phase, tokens, leftMs }: BuildReport): string {
  const doing = phase === "read" ? "reading" : phase === "sort" ? "sorting" : "writing";
  return `${doing}, ${counted(tokens, "token")}${timeLeftText(leftMs)}`;
}
