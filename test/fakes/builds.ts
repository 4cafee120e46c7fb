/** Inputs and options of builds whose tokens are letters, in folders that are removed at the end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { BuildInput, BuildOptions } from "../../datastores/build/options.ts";
import { repeatedIn } from "../../datastores/build/sketches.ts";
import { readStore } from "../../datastores/build/storeManifest.ts";
import { openStore } from "../../datastores/build/stores.ts";
import { StoreError } from "../../datastores/document.ts";
import { Lookup } from "../../datastores/index/lookup.ts";
import { takesAll } from "./takesAll.ts";

export const root = mkdtempSync(join(tmpdir(), "foretoken-build-"));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
export const folder = () => join(root, `store${folders++}`);

/** A letter is a token. */
export const tokenizer = {
  parallel: 2,
  tokenized: 0,
  async tokenize(texts: readonly string[]) {
    this.tokenized += texts.length;
    return texts.map(text => Int32Array.from(text, letter => letter.charCodeAt(0)));
  },
};

export const document = (text: string, repository = "owner/name") => ({
  text,
  origin: `${repository} ${text.slice(0, 8)}`,
  path: "a.py",
  repositories: [repository],
  licences: ["MIT"],
  contentId: "",
});

export type Given = ReturnType<typeof document>;

export const input = (
  name: string,
  documents: readonly Given[],
  onRead = (_index: number) => {},
): BuildInput => ({
  name,
  identity: `${name} ${documents.length}`,
  bytes: 1000,
  async *documents() {
    for (const [index, each] of documents.entries()) {
      onRead(index);
      yield each;
    }
  },
});

/** An input that skips 12 lines, a page and a row in another language before its document. */
export const damaged: BuildInput = {
  ...input("folder/a.jsonl", [document("x = 1")]),
  documents(signal, onBytes, onSkipped) {
    for (let line = 1; line <= 12; line++) onSkipped("badLine", `a.jsonl line ${line}`);
    onSkipped("badPage", 'column "content", byte 4');
    onSkipped("otherLanguage", undefined);
    return input("a", [document("x = 1")]).documents(signal, onBytes, onSkipped);
  },
};

export const options = (
  directory: string,
  inputs: readonly BuildInput[],
  more: Partial<BuildOptions> = {},
) => ({
  directory,
  name: "test",
  sources: ["here"],
  inputs,
  share: { index: 0, count: 1 },
  filter: takesAll,
  tokenizer,
  tokenizerEntry: { fingerprint: "letters", vocabularySize: 128, model: "letters" },
  memoryBytes: 1 << 20,
  builder: "test",
  signal: new AbortController().signal,
  ...more,
});

export function following(directory: string, context: string): string[] {
  const store = openStore(directory);
  const lookup = new Lookup(store, { continuation: 4, enough: 1 });
  lookup.find(
    Int32Array.from(context, letter => letter.charCodeAt(0)),
    context.length,
  );
  const found = Array.from({ length: lookup.count }, (_, row) =>
    [...lookup.continuations.subarray(row * 4, row * 4 + 4)]
      .filter(token => token >= 0)
      .map(token => String.fromCharCode(token))
      .join(""),
  );
  store.close();
  return found.sort();
}

/** The list of repeated documents of the store in a folder. */
export const repeatedFile = (directory: string) =>
  join(directory, `repeated-${readStore(directory).build}.json`);
export const repeatedOf = (directory: string) => repeatedIn(directory, readStore(directory).build);

export const problemOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error.problem;
    throw error;
  }
  return undefined;
};

/** Inputs that contain the same long text twice, a near duplicate of it, and texts of their own. */
export const repeating = (): [BuildInput, BuildInput, BuildInput] => {
  const words = (from: number) => Array.from({ length: 60 }, (_, i) => `w${from + i}`).join(" ");
  return [
    input("a", [document(`${words(0)} end a`), document("own of a")]),
    input("b", [document("own of b"), document(`${words(0)} end a`)]),
    input("c", [document(`${words(0)} end c`), document(words(500))]),
  ];
};
