import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type SourceDocument, StoreError } from "../../../../datastores/document.ts";
import { type ApartOptions, readApart } from "../../../../datastores/sources/apart.ts";
import type { FileInput } from "../../../../datastores/sources/input.ts";
import type { FileFormat } from "../../../../datastores/sources/spec.ts";
import { readWorkerScript } from "../../../../server/system/paths.ts";
import { writeStackV1 } from "../../../fakes/parquet.ts";

const root = mkdtempSync(join(tmpdir(), "foretoken-apart-"));
after(() => rmSync(root, { recursive: true, force: true }));

const input = (name: string, format: FileFormat = "jsonl"): FileInput => ({
  kind: "file",
  name,
  identity: name,
  bytes: 1,
  path: join(root, name),
  format,
});

async function read(from: FileInput, more: Partial<ApartOptions> = {}) {
  const documents: SourceDocument[] = [];
  const skipped: string[] = [];
  const onSkipped = (reason: string, name: string) => skipped.push(`${reason} ${name}`);
  const options = { script: readWorkerScript(), onSkipped, ...more };
  for await (const document of readApart(from, options)) documents.push(document);
  return { texts: documents.map(({ text }) => text), skipped };
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof StoreError && error.problem.code === wanted;

test("a file read in a thread gives the same as one read without a thread", async () => {
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify({ content: `x = ${i}` }));
  lines.splice(100, 0, "no json");
  writeFileSync(join(root, "a.jsonl"), lines.join("\n"));
  const { texts, skipped } = await read(input("a.jsonl"));
  assert.equal(texts.length, 300);
  assert.equal(texts[299], "x = 299");
  assert.deepEqual(skipped, ["badLine a.jsonl line 101"]);
  await assert.rejects(read(input("nowhere.jsonl")), code("missing"));
});

/** A reader in which the decoding of some pages never ends, unless they are skipped. */
function script(pages: readonly number[]): string {
  const path = join(root, `reader${pages.join("-")}.mjs`);
  writeFileSync(
    path,
    `import { parentPort, workerData } from "node:worker_threads";
const { passed, badPages, page } = workerData;
const some = (text, skipped) =>
  parentPort.postMessage({ kind: "some", documents: text ? [document(text)] : [], skipped });
const taken = () => new Promise(resolve => parentPort.once("message", resolve));
const document = text => ({ text, origin: "", path: "", repositories: [], licences: [], contentId: "" });
const texts = ["a", "b", "c"];
for (const [index, text] of texts.entries()) {
  if (index >= passed) {
    some(text, []);
    await taken();
  }
  some(undefined, [["badLine", text]]);
  await taken();
  const at = 10 * (index + 1);
  Atomics.store(page, 0, BigInt(at));
  if (${JSON.stringify(pages)}.includes(at)) {
    if (!badPages.includes(at)) for (;;);
    some(undefined, [["badPage", "byte " + at]]);
    await taken();
  }
}
parentPort.postMessage({ kind: "end" });
parentPort.close();
`,
  );
  return path;
}

test("a page whose decoding does not end is skipped and named once, and the rest is read", async () => {
  const { texts, skipped } = await read(input("endless.parquet", "parquet"), {
    script: script([10, 20]),
    patienceMs: 300,
  });
  assert.deepEqual(texts, ["a", "b", "c"]);
  assert.deepEqual(skipped, ["badLine a", "badPage byte 10", "badLine b", "badPage byte 20", "badLine c"]);
});

test("a thread that never reaches a page is given up, and an abort ends a busy thread", async () => {
  const path = join(root, "busy.mjs");
  writeFileSync(path, "for (;;);");
  await assert.rejects(read(input("a.jsonl"), { script: path, patienceMs: 300 }), code("corrupt"));
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(), 200);
  const start = performance.now();
  await assert.rejects(read(input("a.jsonl"), { script: path, signal: cancel.signal }), code("cancelled"));
  assert.ok(performance.now() - start < 3000);
});

test("a flipped bit anywhere in a file costs only pages or gives an error that names the file", async () => {
  const name = "whole.parquet";
  const files = Array.from({ length: 40 }, (_, i) => ({
    content: `def function_${i}(value):\n    return value + ${i}\n`.repeat(4),
    repositories: [{ name: "owner/name", path: `f${i}.py`, licences: ["MIT"] }],
    hexsha: String(i).padStart(40, "0"),
  }));
  writeStackV1(join(root, name), files, { pageSize: 600 });
  const bytes = readFileSync(join(root, name));
  const whole = await read(input(name, "parquet"));
  assert.equal(whole.texts.length, 40);
  let partly = 0;
  for (let step = 0; step < 40; step++) {
    const damaged = Buffer.from(bytes);
    const bit = Math.floor((step * bytes.length * 8) / 40) + (step % 8);
    damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    writeFileSync(join(root, "damaged.parquet"), damaged);
    try {
      const { texts, skipped } = await read(input("damaged.parquet", "parquet"), { patienceMs: 2000 });
      assert.ok(texts.length <= 80, `bit ${bit}`);
      if (texts.length > 0 && skipped.some(each => each.startsWith("badPage"))) partly++;
    } catch (error) {
      assert.ok(
        error instanceof StoreError && /damaged\.parquet/.test(error.message),
        `bit ${bit}: ${error}`,
      );
    }
  }
  assert.ok(partly > 0, "one bad page does not take the others along");
});
