import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenizedFiles, type Tokenizer } from "../../../../server/corpus/tokenizedFiles.ts";
import { turnsDuring } from "../../../fakes/turns.ts";

const fail = (message: string) => assert.fail(message);
/** Files with a tokenizer; all are equally near unless `nearness` says otherwise. */
const filesWith = (tokenizer: Tokenizer, nearness = (_path: string) => 0) =>
  new TokenizedFiles({ tokenizer, warn: fail, nearness, closing: new AbortController().signal });

test("other work goes on while the tokens of many files are indexed", async () => {
  const tokens = Int32Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 50_000);
  const files = filesWith({ tokenize: async texts => texts.map(() => tokens) });
  const paths = Array.from({ length: 20 }, (_, i) => `${i}.py`);
  const { turns } = await turnsDuring(() => files.put(paths, paths));
  assert.equal(files.index.fileCount, 20);
  assert.ok(turns >= 2, `${turns} turns`);
});

test("a file that is given anew while its tokens are indexed has the later text", async () => {
  const tokenize = async (texts: readonly string[]) => texts.map(text => Int32Array.of(Number(text)));
  const files = filesWith({ tokenize });
  await Promise.all([files.put(["a", "b"], ["1", "2"]), files.put(["b"], ["3"])]);
  const { index } = files;
  const at = (name: string) =>
    Array.from({ length: index.size }, (_, i) => i).filter(
      i => (index.tokens[i] ?? -1) >= 0 && index.fileAt(i) === name,
    );
  assert.deepEqual(
    ["a", "b"].map(name => at(name).map(i => index.tokens[i])),
    [[1], [3]],
  );
});

test("the room that is left follows from how long tokens are, and is none where hardly any file finds a place", async () => {
  const million = new Int32Array(999_000).fill(7);
  const files = filesWith({ tokenize: async texts => texts.map(() => million) });
  assert.equal(files.room, 28_000_000, "code is assumed, with 3.5 characters a token");
  const text = "x".repeat(2 * 999_000);
  for (let i = 0; i < 7; i++) await files.put([`${i}`], [text]);
  assert.deepEqual([files.capacity, files.room], [16_000_000, 2 * (8_000_000 - 7 * 999_001)]);
  await files.put(["8", "9"], [text, text]);
  assert.deepEqual([files.room, files.index.fileCount], [0, 8]);
});

test("two files that find room at the same time take the places of the two farthest", async () => {
  const million = new Int32Array(999_000).fill(7);
  const files = filesWith({ tokenize: async texts => texts.map(() => million) }, Number);
  for (let i = 0; i < 8; i++) await files.put([`${i}`], ["x"]);
  await files.rank();
  await Promise.all(["8", "9"].map(path => files.put([path], ["x"])));
  assert.deepEqual([...files.index.names].sort(), ["2", "3", "4", "5", "6", "7", "8", "9"]);
});
