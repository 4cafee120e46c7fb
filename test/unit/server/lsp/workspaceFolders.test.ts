import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Connection, InitializeParams, WorkspaceFoldersChangeEvent } from "vscode-languageserver";
import { WorkspaceFolders } from "../../../../server/lsp/workspaceFolders.ts";

const uriOf = (path: string) => pathToFileURL(path).href;
const folder = (uri: string) => ({ uri, name: uri });

/** Folders of a client that reports changes through the returned function. */
function started(params: Partial<InitializeParams>) {
  let change: (event: WorkspaceFoldersChangeEvent) => void = () => assert.fail("nobody listens");
  const connection = {
    workspace: {
      onDidChangeWorkspaceFolders(listener: typeof change) {
        change = listener;
      },
    },
  } as unknown as Connection;
  const folders = new WorkspaceFolders(connection);
  folders.start({ processId: null, rootUri: null, capabilities: {}, ...params });
  return { folders, change: (event: WorkspaceFoldersChangeEvent) => change(event) };
}

test("folders of this machine are used, and those of other schemes and hosts are ignored", () => {
  const { folders } = started({
    workspaceFolders: [
      folder(uriOf("/home/me/one")),
      folder("vscode-vfs://github/me/two"),
      ...(process.platform === "win32" ? [] : [folder("file://server/share/three")]),
      folder("file:///%"),
      folder("untitled:four"),
    ],
  });
  assert.deepEqual(folders.paths, ["/home/me/one"]);
});

test("the root is used for a client without workspace folders", () => {
  assert.deepEqual(started({ rootUri: uriOf("/home/me/old") }).folders.paths, ["/home/me/old"]);
  assert.deepEqual(started({ workspaceFolders: null }).folders.paths, []);
  assert.deepEqual(
    started({ workspaceFolders: [], rootUri: uriOf("/home/me/old") }).folders.paths,
    [],
    "a client that has workspace folders, and none open",
  );
});

test("each later change of the folders is reported once", () => {
  const { folders, change } = started({
    workspaceFolders: [folder(uriOf("/a"))],
    capabilities: { workspace: { workspaceFolders: true } },
  });
  const changes: (readonly string[])[] = [];
  folders.onDidChange(paths => changes.push(paths));
  change({ added: [folder(uriOf("/b")), folder(uriOf("/a"))], removed: [] });
  change({ added: [folder("vscode-vfs://github/c")], removed: [folder(uriOf("/a"))] });
  assert.deepEqual(changes, [["/b", "/a"], ["/b"]]);
});
