/** What lasts from window to window; VS Code's `globalState` is one. */
export interface Memory {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

/** Shows a message with actions; resolves to the one that is chosen. */
export type Ask = (message: string, ...actions: string[]) => Thenable<string | undefined>;
