import assert from "node:assert/strict";
import fs, { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { StoreError, type StoreProblem } from "../../../../datastores/document.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { type WriteProgress, writeShard } from "../../../../datastores/index/writer.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { corpusOf, metadataOf, temporaryFolder } from "./corpus.ts";

const OLD = "the old file";

/** A path with an existing file that must not be damaged. */
function placeWithFile(t: TestContext): { folder: string; path: string } {
  const folder = temporaryFolder(t);
  const path = join(folder, "place.fts");
  writeFileSync(path, OLD);
  return { folder, path };
}

async function failure(writing: Promise<unknown>): Promise<StoreProblem> {
  try {
    await writing;
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    return error.problem;
  }
  return assert.fail("it fails");
}

test("a shard replaces the old file and leaves nothing else", async t => {
  const { folder, path } = placeWithFile(t);
  const written = await writeShard(path, corpusOf([[1, 2, 3], [4]]));
  assert.deepEqual(readdirSync(folder), ["place.fts"]);
  assert.equal(readFileSync(path).length, written.bytes);
  assert.deepEqual([written.tokens, written.entries, written.distinct], [6, 2, 4]);
  Shard.verify(path);
});

test("a full disk is reported with its folder and a remedy, and the old file stays", {
  skip: !existsSync("/dev/full"),
}, async t => {
  const { folder, path } = placeWithFile(t);
  symlinkSync("/dev/full", `${path}.tmp-${process.pid}`);
  const { code, message, remedy } = await failure(writeShard(path, corpusOf([[1, 2, 3]])));
  assert.equal(code, "noSpace");
  assert.ok(message.includes(folder));
  assert.match(remedy, /Free some space/);
  assert.deepEqual(readdirSync(folder), ["place.fts"]);
  assert.equal(readFileSync(path, "utf8"), OLD);
  assert.ok(existsSync("/dev/full"), "what was removed is the link");
});

test("a file that cannot be replaced is reported as open elsewhere, and every other problem by what it is", async t => {
  const { folder, path } = placeWithFile(t);
  const fails = t.mock.method(fs, "renameSync", () => {});
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const problems: Record<string, StoreProblem["code"]> = {
    ...{ EPERM: "busy", EBUSY: "busy", EACCES: "busy" },
    ...{ ENOSPC: "noSpace", EDQUOT: "noSpace", EIO: "unreadable" },
  };
  for (const [code, wanted] of Object.entries(problems)) {
    fails.mock.mockImplementation(() => {
      throw Object.assign(new Error(`${code}: no`), { code, syscall: "rename" });
    });
    const problem = await failure(writeShard(path, corpusOf([[1, 2]])));
    assert.equal(problem.code, wanted, code);
    assert.ok(problem.message.includes(path) && problem.remedy !== "");
    assert.deepEqual(readdirSync(folder), ["place.fts"]);
  }
});

test("a missing folder is reported", async t => {
  const path = join(temporaryFolder(t), "nowhere", "some.fts");
  const { code, message, remedy } = await failure(writeShard(path, corpusOf([[1, 2]])));
  assert.equal(code, "unreadable");
  assert.ok(message.includes(path));
  assert.match(remedy, /nowhere/);
});

test("a build can be cancelled while it sorts and while it writes, and the old file stays", async t => {
  const { folder, path } = placeWithFile(t);
  const random = seeded(1);
  const tokens = Uint32Array.from({ length: 800_000 }, () => below(random, 500));
  const contents = { tokens, documents: [], metadata: metadataOf(500) };
  for (const phase of ["sort", "write"]) {
    const controller = new AbortController();
    const onProgress = (progress: WriteProgress) => {
      if (progress.phase === phase) controller.abort();
    };
    const { code } = await failure(writeShard(path, contents, { signal: controller.signal, onProgress }));
    assert.equal(code, "cancelled", phase);
    assert.deepEqual(readdirSync(folder), ["place.fts"], phase);
    assert.equal(readFileSync(path, "utf8"), OLD, phase);
  }
});

test("progress only increases, first for the sort and then for the writing", async t => {
  const random = seeded(2);
  const tokens = Uint32Array.from({ length: 2_500_000 }, () => below(random, 800));
  const reported: WriteProgress[] = [];
  await writeShard(
    join(temporaryFolder(t), "told.fts"),
    { tokens, documents: [], metadata: metadataOf(800) },
    { onProgress: progress => reported.push(progress) },
  );
  const values = reported.map(({ phase, done }) => (phase === "sort" ? 0 : 1) + done);
  assert.ok(values.length > 8);
  assert.deepEqual(
    values,
    [...values].sort((a, b) => a - b),
  );
  assert.ok(reported.every(({ done }) => done >= 0 && done <= 1));
});

test("timers run while a shard is built", async t => {
  const random = seeded(3);
  const tokens = Uint32Array.from({ length: 1_500_000 }, () => below(random, 3000));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await writeShard(join(temporaryFolder(t), "turns.fts"), {
    tokens,
    documents: [],
    metadata: metadataOf(3000),
  });
  clearInterval(timer);
  assert.ok(turns >= 3, `${turns} turns`);
});

test("signed tokens with -1 between documents give the same file", async t => {
  const folder = temporaryFolder(t);
  const corpus = corpusOf([[1, 2, 3], [2, 3], [500]]);
  await writeShard(join(folder, "unsigned.fts"), corpus);
  await writeShard(join(folder, "signed.fts"), { ...corpus, tokens: Int32Array.from(corpus.tokens) });
  assert.deepEqual(readFileSync(join(folder, "signed.fts")), readFileSync(join(folder, "unsigned.fts")));
});

test("tokens outside the vocabulary and documents out of order are errors", async t => {
  const path = join(temporaryFolder(t), "fault.fts");
  const corpus = corpusOf([[1, 2], [3]]);
  await assert.rejects(writeShard(path, { ...corpus, metadata: metadataOf(3) }), RangeError);
  await assert.rejects(
    writeShard(path, { ...corpus, documents: [...corpus.documents].reverse() }),
    RangeError,
  );
  const beyond = corpus.documents.map(document => ({ ...document, length: 3 }));
  await assert.rejects(writeShard(path, { ...corpus, documents: beyond }), RangeError);
  assert.ok(!existsSync(path));
});

test("records longer than any buffer are read back whole", async t => {
  const path = join(temporaryFolder(t), "long.fts");
  const { tokens, documents, metadata } = corpusOf([[1, 2], [3], [4, 5]]);
  const long = documents.map((document, i) => ({ ...document, origin: `ö${"x".repeat(i * 70_000)}` }));
  await writeShard(path, { tokens, documents: long, metadata });
  Shard.verify(path);
  const shard = Shard.open(path);
  for (const [i, document] of long.entries()) assert.deepEqual(shard.documents.get(i), document);
  shard.close();
});
