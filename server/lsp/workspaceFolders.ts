/** The workspace's folders on this machine. */
import { fileURLToPath } from "node:url";
import { type Connection, Emitter, type InitializeParams } from "vscode-languageserver";

export class WorkspaceFolders {
  private folders: readonly string[] = [];
  private readonly changes = new Emitter<readonly string[]>();
  /** Called with all folders after one was added or removed. */
  readonly onDidChange = this.changes.event;

  constructor(private readonly connection: Connection) {}

  /** Absolute paths in the workspace's order. */
  get paths(): readonly string[] {
    return this.folders;
  }

  /** Reads the folders of the initialization; old clients have one root. To be called once initialized. */
  start({ workspaceFolders, rootUri, capabilities }: InitializeParams): void {
    this.folders = Array.isArray(workspaceFolders) ? pathsOf(workspaceFolders) : pathsOf([{ uri: rootUri }]);
    if (!capabilities.workspace?.workspaceFolders) return;
    this.connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      const gone = new Set(pathsOf(removed));
      const come = pathsOf(added);
      this.folders = [...this.folders.filter(path => !gone.has(path) && !come.includes(path)), ...come];
      this.changes.fire(this.folders);
    });
  }
}

/** The paths of folders as a client sends them, which may be invalid. */
const pathsOf = (folders: unknown): string[] =>
  Array.isArray(folders) ? folders.flatMap(folder => localPath(folder?.uri)) : [];

/** The path of a URI; none for another scheme or, where paths have no hosts, for another machine. */
function localPath(uri: unknown): string[] {
  if (typeof uri !== "string" || !uri.startsWith("file:")) return [];
  try {
    return [fileURLToPath(uri)];
  } catch {
    return [];
  }
}
