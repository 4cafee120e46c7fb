/**
 * The extension inside a real extension host, with the real server and the embedded model.
 *
 * Ghost text itself cannot be read from here; a test only sees the document after
 * `editor.action.inlineSuggest.commit`, which inserts the shown suggestion and does nothing without one. `page.test.ts`
 * tests how ghost text looks and grows.
 */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { Api } from "../../../extension/main.ts";
import { until as pollUntil } from "../../fakes/until.ts";

const EXTENSION_ID = "foretoken.foretoken";
const VIRTUAL_SCHEME = "foretoken-test";

/** A context with something to complete: the beginning of a function among similar ones. */
const PROGRAM = [
  "import json",
  "",
  "",
  "def load_items(path):",
  '    with open(path, encoding="utf-8") as file:',
  "        return json.load(file)",
  "",
  "",
  "",
].join("\n");
const TYPED = "def save_items(path, items):\n";

let api: Api;

const HOST_POLL_MS = 50;

async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  msMax = 20_000,
): Promise<void> {
  const withStatus = async () => {
    if (!(await condition())) throw new Error(`status: ${JSON.stringify(api.status())}`);
    return true;
  };
  await pollUntil(what, withStatus, msMax, HOST_POLL_MS);
}

/** Shows a document with the cursor at its end. */
async function show(document: vscode.TextDocument): Promise<void> {
  const editor = await vscode.window.showTextDocument(document);
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(end, end);
}

async function openFile(name: string, content: string): Promise<vscode.TextDocument> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, "a workspace is open");
  const uri = vscode.Uri.joinPath(folder.uri, name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(content));
  const document = await vscode.workspace.openTextDocument(uri);
  await show(document);
  return document;
}

/** Types like the keyboard, so that the editor asks for suggestions by itself. */
async function type(text: string): Promise<void> {
  for (const character of text) await vscode.commands.executeCommand("type", { text: character });
}

const commit = () => vscode.commands.executeCommand("editor.action.inlineSuggest.commit");

/** Waits for ghost text and accepts it. Returns the document's text before and after. */
async function acceptSuggestion(document: vscode.TextDocument): Promise<{ before: string; after: string }> {
  const before = document.getText();
  await until("a suggestion", async () => {
    await commit();
    await sleep(50); // The change reaches this process in a separate message.
    return document.getText() !== before;
  });
  return { before, after: document.getText() };
}

/** The explanation of the last request. */
async function explanation(): Promise<string> {
  await vscode.commands.executeCommand("foretoken.explain");
  const shown = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "foretoken-explanation");
  return shown?.getText() ?? "";
}

/** Waits for an explanation: an open one is only updated after a while. */
const explained = (expected: RegExp) =>
  until(`the explanation ${expected}`, async () => expected.test(await explanation()));

/** The server's explanation of the last request for which it computed something. */
async function lastComputed(): Promise<string> {
  let text = "";
  await until("a computed completion", async () => {
    text = await explanation();
    return text.includes("tokens in the cache");
  });
  return text;
}

/** Gives a suggestion time to appear, then asserts that there is none. */
async function assertNoSuggestion(document: vscode.TextDocument): Promise<void> {
  const before = document.getText();
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  await sleep(1_500);
  await commit();
  await sleep(200);
  assert.equal(document.getText(), before);
}

suite("Foretoken in the extension host", () => {
  suiteSetup(async () => {
    const extension = vscode.extensions.getExtension<Api>(EXTENSION_ID);
    assert.ok(extension, `${EXTENSION_ID} is installed`);
    api = await extension.activate();
    await api.waitForReady();
  });

  setup(() => api.waitForReady());

  teardown(async () => {
    // Reverting first: closing a changed document would ask whether to save it.
    while (vscode.window.activeTextEditor) {
      await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    }
  });

  test("the extension activates, starts a server and registers every command it contributes", async () => {
    const extension = vscode.extensions.getExtension(EXTENSION_ID);
    assert.equal(extension?.isActive, true);
    assert.equal(typeof api.serverPid(), "number");
    const contributed: { command: string }[] = extension?.packageJSON.contributes.commands;
    assert.ok(contributed.length >= 4);
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributed.map(({ command }) => command).filter(command => !registered.has(command)),
      [],
    );
  });

  test("the extension runs where proposed API is refused, as in a stable VS Code", () => {
    const languages = vscode.languages as unknown as Record<string, unknown>;
    assert.throws(() => languages.inlineCompletionsUnificationState, /CANNOT use API proposal/);
  });

  test("a committed suggestion from the server is inserted into the document", async () => {
    const document = await openFile("committed.py", PROGRAM);
    await type(TYPED);
    const { before, after } = await acceptSuggestion(document);
    assert.ok(after.length > before.length && after.startsWith(before.trimEnd()), JSON.stringify(after));
  });

  test("a file with CRLF line endings keeps them", async () => {
    const document = await openFile("crlf.py", PROGRAM.replaceAll("\n", "\r\n"));
    await type(TYPED);
    await acceptSuggestion(document);
    await document.save();
    const saved = new TextDecoder().decode(await vscode.workspace.fs.readFile(document.uri));
    assert.match(saved, /\r\n/);
    assert.doesNotMatch(saved, /[^\r]\n|\r(?!\n)/);
  });

  test("a notebook cell gets a suggestion from a server that knows the cells above it", async () => {
    const folder = vscode.workspace.workspaceFolders?.[0];
    assert.ok(folder);
    const uri = vscode.Uri.joinPath(folder.uri, "study.ipynb");
    const cells = [PROGRAM.repeat(10), "# to be completed\n"].map(source => ({
      cell_type: "code",
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    }));
    const metadata = { language_info: { name: "python" } };
    const content = JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 });
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(content));
    const notebook = await vscode.workspace.openNotebookDocument(uri);
    const at = new vscode.NotebookRange(1, 2);
    await vscode.window.showNotebookDocument(notebook, { selections: [at] });
    const { document } = notebook.cellAt(1);
    await vscode.commands.executeCommand("notebook.cell.edit");
    await until("the cell's editor", () => vscode.window.activeTextEditor?.document === document);
    // Nothing is computed ahead: otherwise the last request would be answered from memory.
    const settings = () => vscode.workspace.getConfiguration("foretoken");
    await settings().update("prefetch", false, vscode.ConfigurationTarget.Global);
    let asked: string;
    try {
      await type(TYPED);
      const { before, after } = await acceptSuggestion(document);
      assert.ok(after.length > before.length && after.includes(TYPED.trimEnd()), JSON.stringify(after));
      asked = await lastComputed();
    } finally {
      await settings().update("prefetch", undefined, vscode.ConfigurationTarget.Global);
    }
    assert.ok(asked.includes("study.ipynb"), asked);
    const [, known, computed] = /(\d+) tokens in the cache, (\d+) computed/.exec(asked) ?? [];
    const tokens = Number(known) + Number(computed);
    assert.ok(tokens > document.getText().length, `the cell alone has fewer than ${tokens} tokens`);
  });

  test("files of the language are indexed, and followed where other programs make and remove them", async () => {
    await openFile("indexed.ts", "export const one = 1;\n");
    const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(root);
    const folder = join(root, "made");
    let before = 0;
    await until("the index", async () => {
      before = (await api.indexedFiles()) ?? 0;
      return before > 0;
    });
    mkdirSync(folder);
    await until("the new files", async () => {
      // Written again and again: the editor may begin to watch after the first time.
      for (const name of ["a.ts", "b.ts", "c.txt"])
        writeFileSync(join(folder, name), "export const two = 2;\n");
      return (await api.indexedFiles()) === before + 2;
    });
    rmSync(folder, { recursive: true });
    await until("the end of the files", async () => (await api.indexedFiles()) === before);
  });

  test("an untitled document gets a suggestion", async () => {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: PROGRAM });
    await show(document);
    await type(TYPED);
    const { before, after } = await acceptSuggestion(document);
    assert.ok(after.length > before.length);
  });

  test("nothing is suggested while text is selected or with several cursors", async () => {
    const document = await openFile("selected.py", PROGRAM + TYPED);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    const end = editor.selection.active;
    editor.selection = new vscode.Selection(end.translate(-1), end);
    await assertNoSuggestion(document);
    const top = new vscode.Position(0, 0);
    editor.selections = [new vscode.Selection(end, end), new vscode.Selection(top, top)];
    await assertNoSuggestion(document);
  });

  test("a read-only document with another URI scheme gets no suggestion and does not disturb the server", async () => {
    const registration = vscode.workspace.registerTextDocumentContentProvider(VIRTUAL_SCHEME, {
      provideTextDocumentContent: () => PROGRAM + TYPED,
    });
    try {
      const pid = api.serverPid();
      const document = await vscode.workspace.openTextDocument(
        vscode.Uri.parse(`${VIRTUAL_SCHEME}:/shown.py`),
      );
      assert.equal(document.languageId, "python");
      await show(document);
      await type("x");
      await assertNoSuggestion(document);
      assert.notEqual(api.status().state, "error");
      assert.equal(api.serverPid(), pid);
    } finally {
      registration.dispose();
    }
  });

  test("nothing is suggested while foretoken.enabled is false", async () => {
    const settings = () => vscode.workspace.getConfiguration("foretoken");
    const document = await openFile("disabled.py", PROGRAM);
    await settings().update("enabled", false, vscode.ConfigurationTarget.Global);
    try {
      await until("the state off", () => api.status().state === "off");
      await type(TYPED);
      await assertNoSuggestion(document);
    } finally {
      await settings().update("enabled", undefined, vscode.ConfigurationTarget.Global);
    }
    await until("a state other than off", () => api.status().state !== "off");
  });

  test("nothing is suggested while snoozed, the explanation says so, and suggestions return after the snooze", async () => {
    const document = await openFile("snoozed.py", PROGRAM);
    await vscode.commands.executeCommand("foretoken.snooze", 5);
    try {
      await type(TYPED);
      const before = document.getText();
      await sleep(1_500);
      await commit();
      await sleep(200);
      assert.equal(document.getText(), before);
      await explained(/^Completions are snoozed for 5 minutes\./);
    } finally {
      await vscode.commands.executeCommand("foretoken.snooze", 0);
    }
    await show(document);
    await type("    ");
    await acceptSuggestion(document);
  });

  test("with the manual trigger, a suggestion appears only when requested", async () => {
    const settings = () => vscode.workspace.getConfiguration("foretoken");
    await settings().update("trigger", "manual", vscode.ConfigurationTarget.Global);
    try {
      const other = await openFile("trigger.py", PROGRAM);
      // Requests before the server receives the setting are answered as before.
      await until("the server's reason", async () => {
        await show(other);
        await type("x");
        await sleep(300);
        return /only when asked for/.test(await explanation());
      });
      const document = await openFile("manual.py", PROGRAM);
      await type(TYPED);
      const before = document.getText();
      await sleep(1_500);
      await commit();
      await sleep(200);
      assert.equal(document.getText(), before);
      await vscode.commands.executeCommand("foretoken.trigger");
      const { after } = await acceptSuggestion(document);
      assert.ok(after.length > before.length);
    } finally {
      await settings().update("trigger", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  test("the menu's first entry turns completions off, and then on again", async () => {
    await openFile("menu.py", PROGRAM);
    const enabled = () => vscode.workspace.getConfiguration("foretoken").get("enabled");
    const settings = vscode.workspace.getConfiguration("foretoken");
    try {
      for (const expected of [false, true]) {
        const menu = vscode.commands.executeCommand("foretoken.menu");
        await until("the chosen entry", async () => {
          await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
          await sleep(100);
          return enabled() === expected;
        });
        await menu;
      }
    } finally {
      await settings.update("enabled", undefined, vscode.ConfigurationTarget.Global);
    }
    await until("a state other than off", () => api.status().state !== "off");
  });

  test("turning one language off and on leaves the other language settings unchanged", async () => {
    const settings = () => vscode.workspace.getConfiguration("foretoken");
    const languages = () => settings().get<Record<string, boolean>>("languages");
    await settings().update("languages", { go: false }, vscode.ConfigurationTarget.Global);
    try {
      const document = await openFile("language.py", PROGRAM);
      await vscode.commands.executeCommand("foretoken.toggleLanguage");
      assert.deepEqual([languages()?.python, languages()?.go, languages()?.["*"]], [false, false, true]);
      await type(TYPED);
      await assertNoSuggestion(document);
      await explained(/off for the language python/);
      await show(document);
      await vscode.commands.executeCommand("foretoken.toggleLanguage");
      assert.deepEqual([languages()?.python, languages()?.go], [true, false]);
    } finally {
      await settings().update("languages", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  test("the key that accepts the next line has no other default binding in an editor", async () => {
    const extension = vscode.extensions.getExtension(EXTENSION_ID);
    const bindings: { command: string; key: string }[] = extension?.packageJSON.contributes.keybindings;
    const key = bindings.find(({ command }) => command.endsWith("acceptNextLine"))?.key;
    assert.ok(key);
    const uri = vscode.Uri.parse("vscode://defaultsettings/keybindings.json");
    const standard = (await vscode.workspace.openTextDocument(uri)).getText().replace(/^\s*\/\/.*$/gm, "");
    const all: { key: string; command: string; when?: string }[] = JSON.parse(standard);
    assert.ok(all.length > 300, `${all.length} keys`);
    assert.ok(all.some(({ command }) => command === "editor.action.inlineSuggest.acceptNextWord"));
    const others = all.filter(other => other.key === key && !other.command.endsWith("acceptNextLine"));
    assert.deepEqual(
      others.filter(({ when = "" }) => !/listFocus/.test(when)),
      [],
    );
  });

  test("the restart command starts a new server, which becomes ready and completes", async () => {
    const pid = api.serverPid();
    await vscode.commands.executeCommand("foretoken.restartServer");
    await until("another server", () => api.serverPid() !== undefined && api.serverPid() !== pid);
    await api.waitForReady();
    const document = await openFile("restarted.py", PROGRAM);
    await type(TYPED);
    await acceptSuggestion(document);
  });

  test("a killed server is restarted", async () => {
    const pid = api.serverPid();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await until("another server", () => api.serverPid() !== undefined && api.serverPid() !== pid);
    await api.waitForReady();
    assert.equal(api.status().state, "ready");
  });
});
