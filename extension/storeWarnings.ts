/** Shows each problem of a datastore once, with the command that fixes it. */
import * as vscode from "vscode";
import type { Status } from "../server/protocol/index.ts";
import { Commands, TITLES } from "./commands.ts";

const REBUILD = TITLES[Commands.rebuildDatastore];

export class StoreWarnings {
  private readonly shown = new Set<string>();

  /** Resolves when the messages about new problems have been answered. */
  async show({ stores = [] }: Status): Promise<void> {
    for (const { name, problem } of stores) {
      if (!problem || this.shown.has(`${name} ${problem}`)) continue;
      this.shown.add(`${name} ${problem}`);
      const message = `Foretoken: the datastore ${name} is not used: ${problem}`;
      const chosen = await vscode.window.showWarningMessage(message, REBUILD);
      if (chosen === REBUILD) await vscode.commands.executeCommand(Commands.rebuildDatastore);
    }
  }
}
