/** Storage that lasts across windows, such as VS Code's `globalState`. */
export interface Memory {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

/** Shows a message with actions; resolves to the one that is chosen. */
export type Ask = (message: string, ...actions: string[]) => Thenable<string | undefined>;
