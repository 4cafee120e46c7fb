/** Types of codeServer.mjs. */
export interface LaunchOptions {
  /** Folder that is copied; VS Code opens the copy. */
  readonly workspace: string;
  /** User settings, over the quiet ones that are always set. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment variables for VS Code and its extensions, over the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Packed extension to install first. */
  readonly vsix?: string | undefined;
  /** Install the checkout's built extension, so that a plain address shows it. */
  readonly linkExtension?: boolean;
  /** Let the address of the page name a development extension and a test suite. */
  readonly smokeTestDriver?: boolean;
  /** Port on loopback; a free one is taken when absent. */
  readonly port?: number;
  /** Secret that the address has to bring; without it everybody on this machine can use the server. */
  readonly connectionToken?: string;
}

export interface CodeServer {
  /** Host and port; the authority of `vscode-remote:` addresses. */
  readonly authority: string;
  /** Opens the workspace, with the installed extensions. */
  readonly address: string;
  /** The copied workspace. */
  readonly workspace: string;
  readonly pid: number | undefined;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<unknown>;
  /** What the server has printed. */
  log(): string;
  /** Stops the server and all it started, and removes its folders. */
  dispose(): Promise<void>;
}

export function launchVSCode(options: LaunchOptions): Promise<CodeServer>;
