import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type SourceDocument, StoreError } from "../../../../datastores/document.ts";
import { readJsonLines } from "../../../../datastores/sources/jsonl.ts";
import type { ReadOptions } from "../../../../datastores/sources/reading.ts";
import { zstandardFrame } from "../../../fakes/parquet.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-jsonl-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options: ReadOptions = {}): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of readJsonLines(path, options)) documents.push(document);
  return documents;
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof StoreError && error.problem.code === wanted && error.problem.remedy !== "";

/** As in `data/python/data.json` of the-stack-smol. */
const row = (i: number) => ({
  hexsha: i.toString(16).padStart(40, "0"),
  size: 10 + i,
  lang: "Python",
  max_stars_repo_path: `src/m${i}.py`,
  max_stars_repo_name: `owner/repo${i}`,
  max_stars_repo_licenses: ["MIT", "ISC"],
  max_stars_count: null,
  content: `# naïve 🙂 ${i}\n${"x = 1\n".repeat(i)}`,
});
const rows = Array.from({ length: 3000 }, (_, i) => row(i % 400));
const lines = `${rows.map(item => JSON.stringify(item)).join("\n")}\n`;

test("lines are read whole, wherever the chunks of the file begin and end", async () => {
  const documents = await read(file("plain.jsonl", lines));
  assert.deepEqual(
    documents.map(({ text }) => text),
    rows.map(({ content }) => content),
  );
  assert.deepEqual(documents[7], {
    text: rows[7]!.content,
    origin: "owner/repo7 src/m7.py",
    path: "src/m7.py",
    repositories: ["owner/repo7"],
    licences: ["MIT", "ISC"],
    contentId: "7".padStart(40, "0"),
  });
});

test("gzip in several members and zstandard in several frames are decompressed", async () => {
  const half = lines.indexOf("\n", lines.length / 2) + 1;
  const parts = [lines.slice(0, half), lines.slice(half)].map(part => Buffer.from(part));
  const wanted = rows.map(({ content }) => content);
  const gzip = file("packed.jsonl.gz", Buffer.concat(parts.map(part => gzipSync(part))));
  assert.deepEqual(
    (await read(gzip)).map(({ text }) => text),
    wanted,
  );
  const frames = file("packed.jsonl.zst", Buffer.concat(parts.map(zstandardFrame)));
  assert.deepEqual(
    (await read(frames)).map(({ text }) => text),
    wanted,
  );
});

test("a file compressed by the zstd program is decompressed", async () => {
  const packed = [
    "KLUv/QRoJQMAMkYUF4BrG+Djq4VIVqpkqw4KF+ZY/dATWhPCQPQwED3z+FT8VF1QfhTGETwrrzKN87ThHa8620Lk8b",
    "pyE2vqErtsTi/XhW/CLGjH2mqO79VexhwKBQASg9HlhhhM/YDy/Lw3ofOqRhw=",
  ].join("");
  const documents = await read(file("real.jsonl.zst", Buffer.from(packed, "base64")));
  assert.deepEqual(
    documents.map(({ text }) => text),
    ["import os\n", "import os\nimport sys\n"],
  );
});

test("a bad line is counted and skipped, and blank lines do not count", async () => {
  const good = JSON.stringify({ content: "a = 1" });
  const path = file(
    "bad.jsonl",
    Buffer.concat([
      Buffer.from(`${good}\r\n\n{"content": "cut\n[1, 2]\n{"content": 5}\n`),
      Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]),
      Buffer.from(good),
    ]),
  );
  const skipped: string[] = [];
  const documents = await read(path, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.equal(documents.length, 2);
  assert.deepEqual(skipped, [
    "badLine bad.jsonl line 2",
    "badLine bad.jsonl line 3",
    "noContent bad.jsonl line 4",
    "badLine bad.jsonl line 5",
  ]);
});

test("only the first line is lost when it is damaged, also where each line is an array", async () => {
  const list = (name: string) => JSON.stringify([{ content: `${name} = 1` }, { content: `${name} = 2` }]);
  for (const first of [
    list("a").slice(0, -9),
    `${list("a")}]`,
    "\0".repeat(40),
    `[\0${list("a").slice(2)}`,
  ]) {
    const skipped: string[] = [];
    const texts = await read(file("damaged.jsonl", `\n${first}\n${list("b")}\n${list("c")}\n`), {
      onSkipped: (reason, name) => skipped.push(`${reason} ${name}`),
    });
    assert.deepEqual(
      texts.map(({ text }) => text),
      ["b", "c"].flatMap(name => [`${name} = 1`, `${name} = 2`]),
      JSON.stringify(first),
    );
    assert.deepEqual(skipped, ["badLine damaged.jsonl line 1"]);
  }
});

test("a row in another language than the wanted one is counted and skipped", async () => {
  const line = (language: string) => JSON.stringify({ content: language, language });
  const skipped: string[] = [];
  const path = file("languages.jsonl", ["Python", "Java", "python", "Jupyter Notebook"].map(line).join("\n"));
  const onSkipped = (reason: string, name: string) => skipped.push(`${reason} ${name}`);
  const documents = await read(path, { onSkipped, language: "python" });
  assert.deepEqual(
    documents.map(({ text }) => text),
    ["Python", "python"],
  );
  assert.deepEqual(skipped, ["otherLanguage languages.jsonl line 2", "otherLanguage languages.jsonl line 4"]);
  assert.equal((await read(path)).length, 4, "without a language, all rows count");
});

test("a line too long for a code file is skipped", async () => {
  const good = '{"content": "x = 1"}\n';
  const path = file(
    "long.jsonl",
    Buffer.concat([Buffer.from(good), Buffer.alloc(66 << 20, "a"), Buffer.from(`\n${good}`)]),
  );
  const skipped: string[] = [];
  const documents = await read(path, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.equal(documents.length, 2);
  assert.deepEqual(skipped, ["badLine long.jsonl line 2"]);
});

test("a text over a megabyte in UTF-8 is skipped, also where it is a conversation", async () => {
  const fits = "ä".repeat(512 * 1024);
  const items = [fits, `${fits}.`].flatMap(text => [{ content: text }, { data: [text] }]);
  const path = file("large.jsonl", items.map(item => JSON.stringify(item)).join("\n"));
  const skipped: string[] = [];
  const documents = await read(path, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.deepEqual(
    documents.map(({ text }) => text === fits),
    [true, true],
  );
  assert.deepEqual(skipped, ["tooLarge large.jsonl line 3", "tooLarge large.jsonl line 4"]);
});

test("one array of objects is read like lines", async () => {
  const documents = await read(file("array.json", JSON.stringify(rows.slice(0, 3))));
  assert.equal(documents.length, 3);
});

test("an array is read item by item in any layout, and a bad item is lost alone", async () => {
  const wanted = rows.slice(0, 300).map(({ content }) => content);
  const skipped: string[] = [];
  const onSkipped = (reason: string, name: string) => skipped.push(`${reason} ${name}`);
  for (const [name, text] of [
    ["indented.json", JSON.stringify(rows.slice(0, 300), undefined, 2)],
    [
      "opened.json",
      `\n [${rows
        .slice(0, 300)
        .map(item => JSON.stringify(item))
        .join("\n,")}\n]\n`,
    ],
  ] as const)
    assert.deepEqual(
      (await read(file(name, text), { onSkipped })).map(({ text }) => text),
      wanted,
      name,
    );
  assert.deepEqual(skipped, []);
  const bad = file(
    "bad.json",
    '[\n{"content": "a"},\n{"content" "b"},\n5,\n{"content": "c"},\n{"content": "cut',
  );
  assert.deepEqual(
    (await read(bad, { onSkipped })).map(({ text }) => text),
    ["a", "c"],
  );
  assert.deepEqual(skipped, [
    "badLine bad.json item 2",
    "badLine bad.json item 3",
    "badLine bad.json item 5",
  ]);
});

test("an array in one line longer than the limit is read as a stream, and its oversized items are named", async () => {
  const big = "x".repeat(70 << 20);
  const small = Array.from({ length: 300 }, (_, i) => ({ content: `item ${i}` }));
  const path = file("one-line.json", JSON.stringify([small[0], { content: big }, ...small.slice(1)]));
  const skipped: string[] = [];
  const documents = await read(path, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.equal(documents.length, 300);
  assert.deepEqual(skipped, ["badLine one-line.json item 2"]);
});

test("conversations of ShareGPT, OpenAI and UltraChat become their turns with blank lines between them", async () => {
  const forms = [
    {
      id: "s1",
      conversations: [
        { from: "human", value: "Hi\n" },
        { from: "gpt", value: " Hello" },
      ],
    },
    {
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello" },
      ],
      language: "English",
    },
    {
      conversation: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello" },
      ],
    },
    { id: "0", data: ["Hi", "Hello"] },
  ];
  for (const text of [
    forms.map(form => JSON.stringify(form)).join("\n"),
    JSON.stringify(forms, undefined, 2),
  ]) {
    const documents = await read(file("talk.json", text));
    assert.deepEqual(
      documents.map(({ text, isProse }) => [text, isProse]),
      forms.map(() => ["Hi\n\nHello", true]),
    );
    assert.equal(documents[0]?.contentId, "s1");
  }
  const skipped: string[] = [];
  await read(file("empty.jsonl", `{"data": ["a"]}\n{"data": [1]}\n{"conversations": []}\n`), {
    onSkipped: (reason, name) => skipped.push(`${reason} ${name}`),
  });
  assert.deepEqual(skipped, ["noContent empty.jsonl line 2", "noContent empty.jsonl line 3"]);
});

test("a file without any usable line is refused, and the error names the keys it has", async () => {
  await assert.rejects(read(file("prose.jsonl", "not JSON\nat all\n")), code("schema"));
  await assert.rejects(
    read(file("other.jsonl", '{"code": "x", "id": 1}\n')),
    /text "content"\. It has code, id\./,
  );
  const named = await read(file("named.jsonl", '{"code": "x", "id": 1}\n'), { contentColumn: "code" });
  assert.deepEqual(named[0]?.text, "x");
  assert.deepEqual(await read(file("nothing.jsonl", "")), []);
});

test("a compressed file that is damaged or cut off is reported as corrupt, and a missing one as missing", async () => {
  const packed = gzipSync(lines);
  await assert.rejects(read(file("cut.jsonl.gz", packed.subarray(0, packed.length / 2))), code("corrupt"));
  await assert.rejects(read(file("fake.jsonl.gz", lines)), code("corrupt"));
  const frame = zstandardFrame(Buffer.from(lines));
  await assert.rejects(read(file("cut.jsonl.zst", frame.subarray(0, frame.length - 7))), code("corrupt"));
  await assert.rejects(read(file("fake.jsonl.zst", lines)), code("corrupt"));
  await assert.rejects(read(join(folder, "nowhere.jsonl")), code("missing"));
});

test("progress counts the bytes of the file, and an abort stops the reading", async () => {
  const path = file("progress.jsonl", lines);
  const seen: [number, number][] = [];
  await read(path, { onProgress: (bytes, total) => seen.push([bytes, total]) });
  assert.deepEqual(seen.at(-1), [Buffer.byteLength(lines), Buffer.byteLength(lines)]);
  const controller = new AbortController();
  const aborted = async () => {
    for await (const _ of readJsonLines(path, { signal: controller.signal })) controller.abort();
  };
  await assert.rejects(aborted(), code("cancelled"));
});

/** A zstd frame of blocks that each repeat one byte 131072 times. */
function repeatedBytes(blocks: number): Uint8Array {
  const bytes = Buffer.alloc(6 + 4 * blocks);
  bytes.set([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]);
  for (let block = 0; block < blocks; block++) {
    const isLast = block + 1 === blocks ? 1 : 0;
    bytes.writeUIntLE((131072 << 3) | 2 | isLast, 6 + 4 * block, 3);
    bytes.writeUInt8(0x78, 9 + 4 * block);
  }
  return bytes;
}

test("a few kilobytes that decompress to a gigabyte are read in little memory, as one line that is too long", async () => {
  const path = join(folder, "bomb.jsonl.zst");
  writeFileSync(path, repeatedBytes(8000));
  const before = process.memoryUsage().rss;
  let most = 0;
  const skipped: string[] = [];
  const options = {
    onSkipped: (reason: string, name: string) => skipped.push(`${reason} ${name}`),
    onProgress: () => {
      most = Math.max(most, process.memoryUsage().rss - before);
    },
  };
  for await (const document of readJsonLines(path, options)) assert.fail(document.text.slice(0, 10));
  assert.deepEqual(skipped, ["badLine bomb.jsonl.zst line 1"]);
  assert.ok(most < 600 << 20, `${most >> 20} MB`);
});
