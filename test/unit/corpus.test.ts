import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Corpus } from "../../server/speculate/corpus.ts";
import { Drafter } from "../../server/speculate/draft.ts";
import { Pace } from "../../server/speculate/pace.ts";

/** A corpus that has the same rows for every context. */
function corpusOf(rows: readonly number[][], matchLength = 8, lengths?: readonly number[]): Corpus {
  const continuation = Math.max(...rows.map(row => row.length));
  const continuations = new Int32Array(rows.length * continuation).fill(-1);
  for (const [index, row] of rows.entries()) continuations.set(row, index * continuation);
  return {
    find: () => {},
    matchLength,
    count: rows.length,
    continuation,
    continuations,
    matchLengths: Uint8Array.from(rows, (_, index) => lengths?.[index] ?? matchLength),
    weights: new Float32Array(rows.length).fill(1),
  };
}

test("continuations that begin alike are one branch with their share", () => {
  const corpus = corpusOf([
    [1, 2],
    [1, 3],
    [1, 2],
    [4, 5],
  ]);
  const found = branches(corpus, [0, 1, 2, 3], 0, 1);
  assert.deepEqual(
    found.map(({ token, rows, depth }) => ({ token, rows, depth })),
    [
      { token: 1, rows: [0, 1, 2], depth: 1 },
      { token: 4, rows: [3], depth: 1 },
    ],
  );
  const [three, one] = found.map(({ chance }) => chance);
  assert.ok(Math.abs((three as number) - 3 * (one as number)) < 1e-9);
});

test("a text that ends takes its share along, and rows of shorter matches count less", () => {
  const ended = corpusOf([[1], [1, 2]]);
  const [onward] = branches(ended, [0, 1], 1, 1);
  assert.equal(onward?.token, 2);
  assert.ok((onward?.chance ?? 1) <= 0.5);
  const [long, short] = branches(corpusOf([[1], [2]], 8, [8, 3]), [0, 1], 0, 1);
  assert.ok((long?.chance ?? 0) > 5 * (short?.chance ?? 1));
});

test("a tree is drafted from other texts where the document says nothing", () => {
  const corpus = corpusOf([
    [7, 8, 9],
    [7, 8, 10],
    [7, 8, 9],
  ]);
  const drafter = new Drafter(Int32Array.of(1, 2, 3), 63, [{ corpus, pace: new Pace() }]);
  const { count, tokens, parents } = drafter.draft(3, 63, () => 1);
  assert.deepEqual([...tokens.subarray(0, count)], [3, 7, 8, 9, 10]);
  assert.deepEqual([...parents.subarray(0, count)], [-1, 0, 1, 2, 2]);
});

test("the longer match, the document's or another text's, is followed first", () => {
  const document = Int32Array.of(1, 2, 3, 4, 50, 60, 1, 2, 3, 4);
  const first = (matchLength: number) =>
    new Drafter(document, 63, [{ corpus: corpusOf([[70]], matchLength), pace: new Pace() }]).draft(
      4,
      2,
      () => 1,
    ).tokens[1];
  assert.equal(first(32), 70);
  assert.equal(first(2), 50);
});

test("what the document and another text agree on is one node", () => {
  const document = Int32Array.of(1, 2, 3, 4, 50, 60, 1, 2, 3, 4);
  const { count, tokens } = new Drafter(document, 8, [
    { corpus: corpusOf([[50, 60, 1]]), pace: new Pace() },
  ]).draft(4, 8, () => 1);
  assert.equal([...tokens.subarray(0, count)].filter(token => token === 50).length, 1);
});

test("a source that never pays is rested and asked again now and then; one that pays is always asked", () => {
  const asked = (pays: boolean) => {
    let searches = 0;
    let next = 100;
    const base = corpusOf([[0, 0, 0]]);
    const slow = {
      ...base,
      find: () => {
        searches++;
        base.continuations.set([next, next + 1, next + 2]);
        const end = performance.now() + 0.05;
        while (performance.now() < end);
      },
    };
    const drafter = new Drafter(Int32Array.of(1, 2, 3), 8, [{ corpus: slow, pace: new Pace() }]);
    for (let step = 0; step < 160; step++) {
      drafter.draft(next, 8, nodes => 10 + nodes / 100);
      for (let i = 0; i < 3; i++) drafter.push(pays ? next + i : next + 50 + i);
      next += 100;
    }
    return searches;
  };
  assert.equal(asked(true), 160);
  const rested = asked(false);
  assert.ok(rested < 60 && rested > 24, `${rested} of 160`);
});
