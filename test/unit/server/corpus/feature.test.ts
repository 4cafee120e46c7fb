import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "vscode-languageserver";
import { ShownFiles } from "../../../../server/context/index.ts";
import { registerDatastores } from "../../../../server/corpus/feature.ts";
import type { Engine } from "../../../../server/engine/index.ts";
import type { Documents, StatusBoard } from "../../../../server/lsp/index.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../../../server/protocol/index.ts";
import { until } from "../../../fakes/until.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-corpus-"));
after(() => rmSync(base, { recursive: true, force: true }));

const DOCUMENT = { uri: "file:///elsewhere/a.py", languageId: "python", text: "" };

/** A server's datastores for folders of these names; `scans` lists the folders whose files were looked for. */
function started(names: readonly string[]) {
  const paths = names.map(name => join(base, name));
  for (const path of paths) mkdirSync(path, { recursive: true });
  const ignore = () => {};
  const connection = {
    console: { info: ignore, warn: ignore, error: ignore },
    onDidChangeWatchedFiles: ignore,
    onRequest: ignore,
  } as unknown as Connection;
  let changed: (document: typeof DOCUMENT) => void = ignore;
  const documents = {
    watch: (call: typeof changed) => {
      changed = call;
    },
    open: () => [DOCUMENT],
  } as unknown as Documents;
  const shown = new ShownFiles(ignore, paths);
  const scans: string[] = [];
  const sources = shown.sources.bind(shown);
  shown.sources = (root, extensions, signal) => {
    scans.push(root);
    return sources(root, extensions, signal);
  };
  const board = { stores: ignore } as unknown as StatusBoard;
  const datastores = registerDatastores(connection, documents, board, shown, () => "");
  const settings: Settings = { ...DEFAULT_SETTINGS, workspaceIndex: true };
  datastores.start(undefined, paths, {});
  const engine = { vocabulary: { fingerprint: "f" }, info: { modelPath: "model.gguf" } };
  datastores.adopt(engine as unknown as Engine, settings);
  const change = (folders: readonly string[]) => {
    shown.roots = folders;
    datastores.foldersChanged(folders, settings);
  };
  const complete = async () => {
    await until("the workspace's index", () => datastores.workspaceIndex()?.isComplete ?? false);
  };
  const open = (languageId: string) => changed({ ...DOCUMENT, languageId });
  return { datastores, paths, scans, change, complete, open };
}

test("folders that are added and removed in quick succession are indexed once, as they are at last", async () => {
  const { datastores, paths, scans, change, complete } = started(["a", "b", "c"]);
  const [a = "", b = "", c = ""] = paths;
  await complete();
  assert.deepEqual(scans, [a, b, c]);
  scans.length = 0;
  for (const folders of [[a], [a, b], [b], [b, c]]) {
    change(folders);
    assert.equal(datastores.workspaceIndex(), undefined, "nothing is drafted from a folder that was removed");
    await pause(1);
  }
  await complete();
  assert.deepEqual(scans, [b, c]);
  change([]);
  datastores.dispose();
});

test("no index is started once the server ends", async () => {
  const { datastores, paths, scans, change, complete } = started(["d"]);
  await complete();
  scans.length = 0;
  change(paths);
  datastores.dispose();
  await pause(500);
  assert.deepEqual(scans, []);
});

test("the folders are read once for each kind of files that is edited, and not at all for prose", async () => {
  const { datastores, paths, scans, complete, open, change } = started(["e"]);
  await complete();
  assert.deepEqual(scans, paths);
  for (const languageId of ["python", "markdown", "plaintext"]) open(languageId);
  assert.equal(datastores.workspaceIndex()?.isComplete, true);
  for (const languageId of ["typescript", "javascriptreact", "vue"]) open(languageId);
  assert.equal(datastores.workspaceIndex()?.isComplete, false);
  await complete();
  assert.deepEqual(scans, [...paths, ...paths]);
  change([]);
  datastores.dispose();
});
