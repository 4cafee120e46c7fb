import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { SourceDocument } from "../../../../datastores/document.ts";
import { StoreError } from "../../../../datastores/document.ts";
import { readParquet } from "../../../../datastores/sources/parquet.ts";
import type { ReadOptions, SkipReason } from "../../../../datastores/sources/reading.ts";
import { writeMixedPages, writeSplitLists } from "../../../fakes/oldPages.ts";
import {
  type FakeFile,
  writeMessages,
  writeStackV1,
  writeStackV3,
  writeStarcoder,
  writeTexts,
} from "../../../fakes/parquet.ts";

/** In a child process this file is the reader whose memory is measured. */
const MEASURED = process.env.FORETOKEN_MEASURED_PARQUET;
if (MEASURED) {
  // Sampled, since the kernel's peak of a child process includes what its parent held.
  const rss = () => process.memoryUsage.rss();
  const before = rss();
  let peak = before;
  let documents = 0;
  for await (const { text } of readParquet(MEASURED)) {
    if (text !== "") documents++;
    if (documents % 50 === 0) peak = Math.max(peak, rss());
  }
  console.log(JSON.stringify({ documents, before, peak }));
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "foretoken-parquet-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

async function read(path: string, options: ReadOptions = {}): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of readParquet(path, options)) documents.push(document);
  return documents;
}

function skips() {
  const found: Partial<Record<SkipReason, number>> = {};
  const onSkipped = (reason: SkipReason) => {
    found[reason] = (found[reason] ?? 0) + 1;
  };
  return { found, onSkipped };
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof StoreError && error.problem.code === wanted && error.problem.remedy !== "";

const files: FakeFile[] = Array.from({ length: 400 }, (_, i) => ({
  content: `# naïve 🙂 ${i}\n${`x = ${i}\n`.repeat(i % 50)}`,
  repositories: [
    {
      name: `owner${i % 7}/repo`,
      path: `src/module_${i}.py`,
      licences: i % 2 ? ["MIT"] : ["Apache-2.0", "ISC"],
    },
    { name: `fork${i}/repo`, path: "other.py", licences: ["MIT"] },
  ],
}));

for (const codec of ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"] as const)
  test(`a file of The Stack in ${codec} gives its texts, repositories and licences row by row`, async () => {
    const path = at(`v1-${codec}.parquet`);
    writeStackV1(path, files, { codec, pageSize: 3000 });
    const documents = await read(path);
    assert.deepEqual(
      documents.map(({ text }) => text),
      files.map(({ content }) => content),
    );
    assert.deepEqual(documents[11], {
      text: files[11]!.content,
      origin: "owner4/repo src/module_11.py",
      path: "src/module_11.py",
      repositories: ["owner4/repo", "fork11/repo"],
      licences: ["MIT"],
      contentId: "b".padStart(40, "0"),
    });
    assert.deepEqual(documents[12]!.licences, ["Apache-2.0", "ISC", "MIT"]);
  });

test("row groups are read in order without losing or repeating a row", async () => {
  const path = at("groups.parquet");
  writeStackV1(path, files, { rowGroupSize: 37, pageSize: 500 });
  const documents = await read(path);
  assert.deepEqual(
    documents.map(({ contentId }) => Number.parseInt(contentId, 16)),
    files.map((_, i) => i),
  );
});

test("a row that names no file is named by its number in the whole file", async () => {
  const path = at("unnamed.parquet");
  writeTexts(path, "content", ["a", "b", "c", "d", "e"], { rowGroupSize: 2 });
  assert.deepEqual(
    (await read(path)).map(({ origin }) => origin),
    [1, 2, 3, 4, 5].map(row => `unnamed.parquet row ${row}`),
  );
});

test("of The Stack, only the rows in the wanted language count, and all without one", async () => {
  const path = at("languages.parquet");
  const rows = ["Python", "Go", "C#", "Jupyter Notebook"].map(language => ({ content: language, language }));
  writeStackV1(path, rows);
  const taken = async (language?: string) => {
    const documents = await read(path, language === undefined ? {} : { language });
    return documents.map(({ text }) => text);
  };
  assert.deepEqual(await taken("go"), ["Go"]);
  assert.deepEqual(await taken("c-sharp"), ["C#"]);
  assert.deepEqual(await taken("rust"), []);
  assert.equal((await taken()).length, rows.length);
});

test("a row without text or over a megabyte is counted and skipped", async () => {
  const path = at("holes.parquet");
  const row = (content: string | null) => ({ content });
  writeStackV1(path, [row("a = 1"), row(null), row("b".repeat(1024 * 1024 + 1)), row("c = 3")]);
  const { found, onSkipped } = skips();
  const documents = await read(path, { onSkipped });
  assert.deepEqual(
    documents.map(({ text }) => text),
    ["a = 1", "c = 3"],
  );
  assert.deepEqual(found, { noContent: 1, tooLarge: 1 });
});

for (const codec of ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"] as const)
  test(`version 1 pages in ${codec} that fall back from a dictionary to plain values are read`, async () => {
    const path = at(`mixed-${codec}.parquet`);
    const words = ["import os\n", "import sys\n", "pass # ä\n"];
    const pages = Array.from({ length: 6 }, (_, p) =>
      Array.from({ length: 50 }, (_, i) =>
        i % 11 === 5 ? null : p < 3 ? words[(i + p) % 3]! : `p${p} i${i}`,
      ),
    );
    writeMixedPages(path, pages, codec);
    const { found, onSkipped } = skips();
    const documents = await read(path, { onSkipped });
    assert.deepEqual(
      documents.map(({ text }) => text),
      pages.flat().filter(value => value !== null),
    );
    assert.equal(found.noContent, pages.flat().filter(value => value === null).length);
    assert.equal(documents[0]!.origin, `mixed-${codec}.parquet row 1`);
  });

test("lists that continue on the next page stay with their row, and null and empty lists give no licence", async () => {
  const path = at("split.parquet");
  const lists = [["A", "B", "C"], null, ["D"], [], ["E", "F", "G", "H", "I"], ["J"]];
  writeSplitLists(
    path,
    lists.map((licences, i) => ({ content: `row ${i}`, licences })),
  );
  const documents = await read(path);
  assert.deepEqual(
    documents.map(({ licences }) => licences),
    lists.map(licences => licences ?? []),
  );
  assert.deepEqual(
    documents.map(({ text }) => text),
    lists.map((_, i) => `row ${i}`),
  );
});

test("StarCoder's markers before a text are removed", async () => {
  const path = at("starcoder.parquet");
  const row = (content: string) => ({ path: "a/b.py", repository: "o/r", content });
  writeStarcoder(path, [
    row("<reponame>o/r<filename>a/b.py<gh_stars>10-100\nimport os\n"),
    row("<filename>a/b.py\nimport sys\n"),
    row("<gh_stars>0\nx\n"),
    row("<div>\nno marker\n"),
    row("y = '<reponame>'\n"),
  ]);
  const documents = await read(path);
  assert.deepEqual(
    documents.map(({ text }) => text),
    ["import os\n", "import sys\n", "x\n", "<div>\nno marker\n", "y = '<reponame>'\n"],
  );
  assert.deepEqual(documents[0]!.repositories, ["o/r"]);
});

test("only permissive Python of the repository's own is kept of The Stack v3, file by file", async () => {
  const path = at("v3.parquet");
  const python = (name: string) => ({ content: `# ${name}\n`, path: name, language: "Python" });
  writeStackV3(
    path,
    [
      { name: "a/one", files: [{ ...python("x.py"), licences: ["MIT", "BSD-3-Clause"] }, python("y.py")] },
      { name: "b/none", files: [] },
      { name: "c/null", files: null },
      {
        name: "d/mixed",
        files: [
          { ...python("go.go"), language: "Go" },
          { ...python("unlicensed.py"), licenceType: "no_license" },
          { ...python("vendor/v.py"), isVendored: true },
          { ...python("gone.py"), content: null },
          { ...python("kept.py"), licences: ["ISC"] },
        ],
      },
    ],
    { pageSize: 40 },
  );
  const { found, onSkipped } = skips();
  const documents = await read(path, { onSkipped, language: "python" });
  assert.deepEqual(
    documents.map(({ origin, repositories, licences, contentId, text }) => [
      origin,
      repositories,
      licences,
      contentId,
      text,
    ]),
    [
      ["a/one x.py", ["a/one"], ["MIT", "BSD-3-Clause"], "id of x.py", "# x.py\n"],
      ["a/one y.py", ["a/one"], [], "id of y.py", "# y.py\n"],
      ["d/mixed kept.py", ["d/mixed"], ["ISC"], "id of kept.py", "# kept.py\n"],
    ],
  );
  assert.deepEqual(found, { otherLanguage: 1, notPermissive: 1, vendored: 1, noContent: 1 });
});

test("a column of another name is read when it is specified", async () => {
  const path = at("code.parquet");
  writeTexts(path, "code", ["import this\n"]);
  assert.equal((await read(path, { contentColumn: "code" }))[0]?.text, "import this\n");
  await assert.rejects(read(path), (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.problem.code, "schema");
    assert.match(error.problem.message, /code\.parquet has no column "content"; it has code\./);
    return true;
  });
});

test("a list of messages is one conversation per row, found automatically or by its path", async () => {
  const path = at("messages.parquet");
  const said = (...contents: (string | null)[]) =>
    contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
  const many = Array.from({ length: 400 }, (_, i) => said(`question ${i}`, ` answer ${i}\n`, "and?"));
  writeMessages(path, [said("Hi", null, "Hello"), null, [], ...many], { pageSize: 512, rowGroupSize: 100 });
  const { found, onSkipped } = skips();
  const documents = await read(path, { onSkipped });
  assert.deepEqual(
    documents.map(({ text }) => text),
    ["Hi\n\nHello", ...many.map((_, i) => `question ${i}\n\nanswer ${i}\n\nand?`)],
  );
  assert.ok(documents.every(({ isProse }) => isProse));
  assert.deepEqual(found, { noContent: 2 });
  assert.deepEqual(await read(path, { contentColumn: "messages.content" }), documents);
  assert.equal((await read(path, { contentColumn: "prompt_id" }))[1]?.text, "p1");
  await assert.rejects(read(path, { contentColumn: "messages.text" }), code("schema"));
});

test("a text or conversation is skipped when it is over a megabyte in UTF-8", async () => {
  const fits = "ä".repeat(512 * 1024);
  const rows = at("large.parquet");
  writeStackV1(rows, [{ content: fits }, { content: `${fits}.` }]);
  const conversations = at("long.parquet");
  const said = (content: string) => [{ role: "user", content }];
  writeMessages(conversations, [said(fits), said(`${fits}.`)]);
  for (const path of [rows, conversations]) {
    const { found, onSkipped } = skips();
    const documents = await read(path, { onSkipped });
    assert.deepEqual([documents.length, documents[0]?.text === fits, found], [1, true, { tooLarge: 1 }]);
  }
});

test("a file that is missing, not Parquet, cut off or damaged is reported as such", async () => {
  await assert.rejects(read(at("nowhere.parquet")), code("missing"));
  writeFileSync(at("text.parquet"), "this is no Parquet file at all");
  await assert.rejects(read(at("text.parquet")), code("corrupt"));
  writeFileSync(at("empty.parquet"), "");
  await assert.rejects(read(at("empty.parquet")), code("corrupt"));
  writeFileSync(at("pointer.parquet"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  await assert.rejects(read(at("pointer.parquet")), /git lfs pull/);
  const cut = at("cut.parquet");
  writeStackV1(cut, files);
  truncateSync(cut, statSync(cut).size - 100);
  await assert.rejects(read(cut), code("corrupt"));
  const damaged = at("damaged.parquet");
  writeStackV1(damaged, files, { pageSize: 3000 });
  const bytes = readFileSync(damaged);
  bytes.fill(0xff, 200, 20_000);
  writeFileSync(damaged, bytes);
  await assert.rejects(read(damaged), code("corrupt"));
});

test("progress grows to the size of the content, and an abort ends the stream between documents", async () => {
  const path = at("progress.parquet");
  writeStackV1(path, files, { rowGroupSize: 100, pageSize: 1000 });
  const seen: [number, number][] = [];
  await read(path, { onProgress: (bytes, total) => seen.push([bytes, total]) });
  assert.ok(seen.every(([bytes], i) => i === 0 || bytes >= seen[i - 1]![0]));
  assert.equal(seen.at(-1)![0], seen.at(-1)![1]);
  const controller = new AbortController();
  let count = 0;
  const aborted = async () => {
    for await (const _ of readParquet(path, { signal: controller.signal }))
      if (++count === 10) controller.abort();
  };
  await assert.rejects(aborted(), code("cancelled"));
  assert.equal(count, 10);
});

test("an abort by a timer takes effect although the work is synchronous", async () => {
  const path = at("timer.parquet");
  writeTexts(
    path,
    "content",
    Array.from({ length: 3000 }, (_, i) => `${i}`.repeat(1000)),
    { pageSize: 10_000 },
  );
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const endless = async () => {
    for (;;) await read(path, { signal: controller.signal });
  };
  await assert.rejects(endless(), code("cancelled"));
});

test("a file of one row group is read in far less memory than its text takes", { timeout: 120_000 }, () => {
  const path = at("large.parquet");
  const line = (i: number) => `def function_${i}(value):\n    return value * ${i} + ${(i * 7919) % 10_007}\n`;
  const contents = Array.from({ length: 17_000 }, (_, i) =>
    Array.from({ length: 150 }, (_, k) => line(i * 31 + k)).join(""),
  );
  const megabytes = contents.reduce((sum, content) => sum + content.length, 0) / 1e6;
  assert.ok(megabytes > 140, `only ${megabytes} MB`);
  writeTexts(path, "content", contents, { pageSize: 1 << 20 });
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, FORETOKEN_MEASURED_PARQUET: path, NODE_TEST_CONTEXT: undefined },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const { documents, peak, before } = JSON.parse(stdout.trim().split("\n").at(-1)!);
  assert.equal(documents, contents.length);
  const taken = (peak - before) / 1e6;
  assert.ok(taken < 80, `${taken.toFixed(0)} MB taken for ${megabytes.toFixed(0)} MB of text`);
});
