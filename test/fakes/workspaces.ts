/** Workspaces of files on disk whose tokens are letters, in folders that are removed at the end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import type { Tokenizer } from "../../server/corpus/tokenizedFiles.ts";
import type { Workspace } from "../../server/corpus/workspace.ts";

export const root = mkdtempSync(join(tmpdir(), "foretoken-workspace-"));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

export function folder(files: Record<string, string>): string {
  const path = join(root, `workspace${folders++}`);
  for (const [name, text] of Object.entries(files)) write(join(path, name), text);
  return path;
}

export function write(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}

export const codes = (text: string) => Int32Array.from(text, letter => letter.charCodeAt(0));
export const letters: Tokenizer = { tokenize: async texts => texts.map(codes) };
/** Records the texts that it is given. */
export const noting = (texts: string[]): Tokenizer => ({
  tokenize: async given => {
    texts.push(...given);
    return given.map(codes);
  },
});
export const uriOf = (...parts: string[]) => pathToFileURL(join(...parts)).href;

/** What follows a context in the workspace, as the document `uri` sees it. */
export function following(workspace: Workspace, context: string, uri = "file:///elsewhere.py"): string[] {
  const { corpus } = workspace.source(uri);
  corpus.find(codes(context), context.length);
  return Array.from({ length: corpus.count }, (_, row) => {
    const start = row * corpus.continuation;
    const tokens = corpus.continuations.subarray(start, start + corpus.continuation);
    const end = tokens.findIndex(token => token < 0);
    return String.fromCharCode(...(end < 0 ? tokens : tokens.subarray(0, end)));
  });
}
