/** Builds the extension's parts and owns their lifetime. */
import * as vscode from "vscode";
import { SECTION, type SlowAdvice, type Status } from "../server/protocol/index.ts";
import { Activity } from "./activity.ts";
import { inBackground } from "./background.ts";
import { chooseModel } from "./chooseModel.ts";
import { ServerClient } from "./client.ts";
import { ACCEPTED_COMMAND, Commands } from "./commands.ts";
import { CompletionHistory } from "./completionHistory.ts";
import { CompletionRecords } from "./completionRecords.ts";
import { DashboardView } from "./dashboardView.ts";
import { ExplanationView } from "./explanationView.ts";
import { GhostText } from "./ghostText.ts";
import { fetchLibraries, LibraryOffer } from "./libraryOffer.ts";
import { menuItems, snoozeItems } from "./menuItems.ts";
import { ModelHint } from "./modelHint.ts";
import { HTTP_DEFAULTS } from "./proxyEnvironment.ts";
import { rebuildDatastore } from "./rebuildDatastore.ts";
import { toggle, toggleLanguage, updateWhereInForce } from "./settings.ts";
import { SlowWarning } from "./slowWarning.ts";
import { Snooze } from "./snooze.ts";
import { StatusItem } from "./status.ts";
import { showMenu } from "./statusMenu.ts";
import { StoreWarnings } from "./storeWarnings.ts";
import { unaskedReason } from "./whyNothing.ts";

/** What `activate` returns: for tests and for extensions that want to wait for the model. */
export interface Api {
  status(): Status;
  /** Files that the server has indexed of the workspace; undefined where there is no index, or it is being made. */
  indexedFiles(): Promise<number | undefined>;
  serverPid(): number | undefined;
  /** Resolves when the server is ready; rejects with message and remedy when it cannot be. */
  waitForReady(): Promise<void>;
}

/** For `deactivate`, to which VS Code passes nothing. */
let client: ServerClient | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel("Foretoken", { log: true });
  const parts = makeParts(context, output);
  const { server } = parts;
  client = server;
  context.subscriptions.push(
    ...Object.values(parts),
    ...follow(parts, context, output),
    vscode.commands.registerCommand(ACCEPTED_COMMAND, (...ids: unknown[]) => server.requests.accepted(ids)),
    ...Object.entries(commandsOf(parts, context, output)).map(([id, run]) =>
      vscode.commands.registerCommand(id, run),
    ),
    output,
  );
  inBackground(server.restart(), "Starting the server", output);
  return {
    status: () => server.status.current,
    indexedFiles: async () => {
      const { workspace } = (await server.requests.dashboard()) ?? {};
      return workspace?.isComplete ? workspace.files : undefined;
    },
    serverPid: () => server.pid,
    waitForReady: () => waitForReady(server),
  };
}

type Parts = ReturnType<typeof makeParts>;

/** Which parts there are; each is disposed with the extension. */
function makeParts(context: vscode.ExtensionContext, output: vscode.LogOutputChannel) {
  const server = new ServerClient(
    {
      serverModule: context.asAbsolutePath("dist/server.js"),
      storageDirectory: context.globalStorageUri.fsPath,
    },
    output,
  );
  const activity = new Activity();
  const snooze: Snooze = new Snooze(() => statusItem.refresh());
  const statusItem: StatusItem = new StatusItem({ status: server.status, activity, snooze });
  const history = new CompletionHistory(context.globalStorageUri.fsPath, message => output.warn(message));
  const records: CompletionRecords = new CompletionRecords(history, () => dashboard.refreshSoon());
  const dashboard: DashboardView = new DashboardView({
    pageFolder: vscode.Uri.joinPath(context.extensionUri, "dist"),
    events: () => records.read(),
    clear: () => records.clear(),
    figures: () => server.requests.dashboard(),
    reindex: () => server.requests.reindexWorkspace(),
    output,
  });
  const ghostText = new GhostText(server, context.extension.id, snooze, records);
  const explanation = new ExplanationView({
    explainLast: () => server.requests.explainLast(),
    unasked: () => unaskedReason(server.status.current, statusItem.view),
  });
  return { server, activity, snooze, statusItem, ghostText, records, dashboard, explanation };
}

/** Connects events of VS Code and the server to the parts that must know of them. */
function follow(
  { server, snooze, activity, ghostText }: Parts,
  { globalState }: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
): vscode.Disposable[] {
  const warnings = new StoreWarnings();
  const choose = (reference?: string) => vscode.commands.executeCommand(Commands.chooseModel, reference);
  const messages = {
    memory: globalState,
    ask: (message: string, ...actions: string[]) => vscode.window.showInformationMessage(message, ...actions),
  };
  const slowWarning = new SlowWarning({ ...messages, follow: advice => followAdvice(advice, choose) });
  const offer = new LibraryOffer({
    ...messages,
    wantsLibraries: () => server.requests.wantsLibraries(),
    fetch: () => fetchLibraries(server.requests, activity, () => server.restart()),
  });
  const hint = new ModelHint({
    ...messages,
    choose,
    listModels: () => server.requests.listModels(),
    isSmallModel: () => vscode.workspace.getConfiguration(SECTION).get("modelPath", "") === "",
    now: Date.now,
  });
  return [
    vscode.workspace.onDidChangeConfiguration(change => {
      // A text that was computed with other settings must not be shown from memory.
      if (change.affectsConfiguration(SECTION)) inBackground(hide(ghostText), "Hiding a completion", output);
      // The server's process has them from its start.
      if (Object.keys(HTTP_DEFAULTS).some(name => change.affectsConfiguration(`http.${name}`)))
        inBackground(server.restart(), "Restarting the server", output);
    }),
    server.status.onDidChange(current => {
      const shown = [
        warnings.show(current),
        slowWarning.show(current),
        hint.follow(current),
        offer.follow(current),
      ];
      for (const each of shown) inBackground(each, "A message", output);
      // Earlier suggestions must not be shown from memory when the server is off or gone.
      if (current.state === "off" || current.state === "error") ghostText.stop();
    }),
    vscode.window.onDidChangeActiveTextEditor(editor => {
      // The server reads the prompt of the document that the user turns to.
      if (editor && !snooze.isOn)
        inBackground(server.requests.focused(editor), "Reporting the document", output);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() =>
      inBackground(server.requests.trustGranted(), "Reporting trust", output),
    ),
  ];
}

/** Ends what is suggested. */
async function hide(ghostText: GhostText): Promise<void> {
  ghostText.stop();
  await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
}

/** Makes first lines faster in the way the user has chosen. */
async function followAdvice(
  advice: SlowAdvice,
  choose: (reference: string) => Thenable<unknown>,
): Promise<void> {
  switch (advice.kind) {
    case "model":
      await choose(advice.reference);
      return;
    case "context":
      await updateWhereInForce("contextTokens", advice.tokens);
      return;
    case "backend":
      await updateWhereInForce("backend", "auto");
  }
}

/** What each command does. */
function commandsOf(
  { server, activity, snooze, statusItem, ghostText, dashboard, explanation }: Parts,
  { secrets, extension }: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
): Record<(typeof Commands)[keyof typeof Commands], (...args: unknown[]) => unknown> {
  const showLog = () => output.show();
  const tell = (message: string) =>
    inBackground(vscode.window.showInformationMessage(`Foretoken: ${message}`), "A message", output);
  return {
    [Commands.menu]: () => showMenu("Foretoken", menuItems(statusItem.view, extension.id)),
    [Commands.toggle]: toggle,
    [Commands.toggleLanguage]: async (given: unknown) => {
      const languageId = typeof given === "string" ? given : statusItem.view.languageId;
      if (languageId !== undefined) await toggleLanguage(languageId);
      else tell("Open a file of the language first.");
    },
    [Commands.snooze]: async (minutes: unknown) => {
      if (typeof minutes !== "number") return showMenu("Snooze", snoozeItems(snooze.minutesLeft));
      snooze.start(minutes);
      if (snooze.isOn) await hide(ghostText);
    },
    [Commands.trigger]: () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    [Commands.chooseModel]: (reference: unknown) =>
      chooseModel(
        server.requests,
        { secrets, activity, showLog },
        typeof reference === "string" ? reference : undefined,
      ),
    [Commands.rebuildDatastore]: () => rebuildDatastore(server.requests, secrets, activity),
    [Commands.restartServer]: () => server.restart(true),
    [Commands.freeMemory]: async () => {
      const isFreed = await server.requests.freeMemory();
      tell(
        isFreed
          ? "The model's memory has been freed; the next completion loads it again."
          : "No model is loaded.",
      );
      return isFreed;
    },
    [Commands.dashboard]: () => dashboard.show(),
    [Commands.explain]: () => explanation.show(),
    [Commands.showLog]: showLog,
    [Commands.dismiss]: () => hide(ghostText),
  };
}

/** Called by VS Code, which waits a few seconds for it: the server's process must not outlive the window. */
export async function deactivate(): Promise<void> {
  await client?.stopForGood();
}

/** Resolves once the server can complete, also where completions are switched off. */
function waitForReady(server: ServerClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = ({ state, message, remedy }: Status) => {
      if (state === "starting") return;
      listening.dispose();
      if (state === "error") reject(new Error(`${message} ${remedy}`));
      else resolve();
    };
    const listening = server.status.onDidChange(settle);
    settle(server.status.current);
  });
}
