/** Builds the extension's parts and owns their lifetime. */
import * as vscode from "vscode";
import { SECTION, type Status } from "../server/protocol/index.ts";
import { inBackground } from "./background.ts";
import { chooseModel } from "./chooseModel.ts";
import { ServerClient } from "./client.ts";
import { ACCEPTED_COMMAND, Commands } from "./commands.ts";
import { ExplanationView } from "./explanationView.ts";
import { GhostText } from "./ghostText.ts";
import { languageOff } from "./languageOff.ts";
import { rebuildDatastore } from "./rebuildDatastore.ts";
import { updateWhereInForce } from "./settings.ts";
import { StatusItem } from "./status.ts";
import { StoreWarnings } from "./storeWarnings.ts";

/** What `activate` returns: for tests and for extensions that want to wait for the model. */
export interface Api {
  status(): Status;
  serverPid(): number | undefined;
  /** Resolves when the server is ready; rejects with message and remedy when it cannot be. */
  waitForReady(): Promise<void>;
}

/** For `deactivate`, to which VS Code passes nothing. */
let client: ServerClient | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel("Foretoken", { log: true });
  const server = new ServerClient(
    {
      serverModule: context.asAbsolutePath("dist/server.js"),
      storageDirectory: context.globalStorageUri.fsPath,
    },
    output,
  );
  client = server;
  const ghostText = new GhostText(server, context.extension.id);
  const status = new StatusItem();
  const warnings = new StoreWarnings();
  const explanation = new ExplanationView(server.requests);
  const commands: Record<string, () => unknown> = {
    [Commands.toggle]: toggle,
    [Commands.trigger]: () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    [Commands.chooseModel]: () => chooseModel(server.requests, context.secrets, () => output.show()),
    [Commands.rebuildDatastore]: () => rebuildDatastore(server.requests, context.secrets),
    [Commands.restartServer]: () => server.restart(true),
    [Commands.freeMemory]: () => server.requests.freeMemory(),
    [Commands.explain]: () => explanation.show(),
    [Commands.showLog]: () => output.show(),
    [Commands.dismiss]: async () => {
      ghostText.stop();
      await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    },
  };
  context.subscriptions.push(
    output,
    server,
    ghostText,
    status,
    explanation,
    server.status.onDidChange(current => {
      status.show(current, languageOff());
      inBackground(warnings.show(current), "A message", output);
      // What was suggested before is not to be shown from memory by a server that is off or gone.
      if (current.state === "off" || current.state === "error") ghostText.stop();
    }),
    vscode.window.onDidChangeActiveTextEditor(editor => {
      status.show(server.status.current, languageOff());
      if (editor) inBackground(server.requests.focused(editor), "Reporting the document", output);
    }),
    vscode.workspace.onDidChangeConfiguration(() => status.show(server.status.current, languageOff())),
    vscode.workspace.onDidGrantWorkspaceTrust(() =>
      inBackground(server.requests.trustGranted(), "Reporting trust", output),
    ),
    vscode.commands.registerCommand(ACCEPTED_COMMAND, (...ids: unknown[]) => server.requests.accepted(ids)),
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
  );
  inBackground(server.restart(), "Starting the server", output);
  return {
    status: () => server.status.current,
    serverPid: () => server.pid,
    waitForReady: () => waitForReady(server),
  };
}

/** Called by VS Code, which waits a few seconds for it: the server's process must not outlive the window. */
export async function deactivate(): Promise<void> {
  await client?.stopForGood();
}

/** Turns completions on or off, in the scope whose value is in force. */
async function toggle(): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  await updateWhereInForce("enabled", !configuration.get("enabled"));
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
