/** Shows menus whose entries run commands. */
import * as vscode from "vscode";
import type { MenuItem } from "./menuItems.ts";

interface Entry extends vscode.QuickPickItem {
  readonly item: MenuItem;
}

/** Resolves when the chosen command has run, or nothing was chosen. */
export async function showMenu(title: string, items: readonly MenuItem[]): Promise<void> {
  const chosen = await vscode.window.showQuickPick(items.map(entryOf), { title, matchOnDescription: true });
  if (!chosen || "heading" in chosen.item) return;
  await vscode.commands.executeCommand(chosen.item.command, ...(chosen.item.args ?? []));
}

function entryOf(item: MenuItem): Entry {
  if ("heading" in item) return { item, label: item.heading, kind: vscode.QuickPickItemKind.Separator };
  const { label, description } = item;
  return { item, label, ...(description !== undefined && { description }) };
}
