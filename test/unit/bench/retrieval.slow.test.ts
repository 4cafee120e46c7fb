import assert from "node:assert/strict";
import { test } from "node:test";
import { SEPARATOR } from "../../../datastores/index/sort.ts";
import { retrievalBench, retrievalTable } from "../../bench/retrieval.ts";
import { below, seeded } from "../../fakes/random.ts";

/** Text with repeated phrases, as in code. */
function phrasedStream(length: number): Uint32Array {
  const random = seeded(4);
  const phrases = Array.from({ length: 40 }, () =>
    Array.from({ length: 3 + below(random, 20) }, () => below(random, 60)),
  );
  const tokens: number[] = [];
  while (tokens.length < length) {
    tokens.push(...(phrases[below(random, phrases.length)] as number[]));
    if (below(random, 30) === 0) tokens.push(SEPARATOR);
  }
  return Uint32Array.from(tokens.slice(0, length));
}

test("the retrieval benchmark finds the same match lengths as REST, and reports figures for every size", async () => {
  const lines: string[] = [];
  const report = await retrievalBench({
    sizes: [3000, 30_000],
    queries: 150,
    tokens: phrasedStream(60_000),
    onLine: line => lines.push(line),
  });
  assert.equal(report.rows.length, 2);
  for (const row of report.rows) {
    assert.equal(row.disagreements, 0);
    assert.ok(row.matchLengthMean > 1);
    for (const { p50, p95, mean } of Object.values(row.microseconds)) {
      assert.ok(p50 > 0 && p50 <= p95);
      assert.ok(mean > 0);
    }
  }
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  assert.match(retrievalTable(report), /REST's port \/ ours, file/);
  assert.ok(lines.length > 0);
});

test("matches that REST has only at the ends of documents are distinguished from disagreements", async () => {
  // The held-out text continues after what is the end of every document in the index.
  const document = [...Array.from({ length: 60 }, (_, i) => i), SEPARATOR];
  const tokens = Array.from({ length: 50 }, () => document).flat();
  const heldOut = [...Array.from({ length: 60 }, (_, i) => (i < 28 ? 100 + i : i)), 60, 60, 60, 60];
  const report = await retrievalBench({
    sizes: [tokens.length],
    queries: 200,
    tokens: Uint32Array.from([...tokens, ...heldOut]),
  });
  assert.ok((report.rows[0]?.onlyAtEnds ?? 0) > 0);
  assert.equal(report.rows[0]?.disagreements, 0);
});

test("a stream that leaves no text outside the index is refused", async () => {
  await assert.rejects(
    retrievalBench({ sizes: [100], queries: 5, tokens: new Uint32Array(120) }),
    RangeError,
  );
});
