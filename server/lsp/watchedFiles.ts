/** Files for which the client reports changes made outside of the editor, if it lets the server choose them. */
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type FileSystemWatcher,
  type InitializeParams,
  WatchKind,
} from "vscode-languageserver";
import { inBackground } from "../system/index.ts";

const FIRST: readonly FileSystemWatcher[] = [
  { globPattern: "**/.gitignore" },
  // A folder that is deleted or renamed is reported by its own name alone, without the files in it.
  { globPattern: "**/*", kind: WatchKind.Delete },
];

export class WatchedFiles {
  private canWatch = false;
  private readonly extensions = new Set<string>();

  constructor(private readonly connection: Connection) {}

  /** Watches ignore files and deletions. To be called once initialized. */
  start({ workspace }: InitializeParams["capabilities"]): void {
    this.canWatch = workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    this.register(FIRST);
  }

  /** Watches the files with these endings too, from now on. */
  watch(extensions: readonly string[]): void {
    const added = extensions.filter(extension => !this.extensions.has(extension));
    if (added.length === 0) return;
    for (const extension of added) this.extensions.add(extension);
    this.register(added.map(extension => ({ globPattern: `**/*${extension}` })));
  }

  private register(watchers: readonly FileSystemWatcher[]): void {
    if (!this.canWatch) return;
    const { client, console } = this.connection;
    const registered = client.register(DidChangeWatchedFilesNotification.type, { watchers: [...watchers] });
    inBackground(registered, "Watching files", message => console.warn(message));
  }
}
