import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveIndex } from "../../../../datastores/live/liveIndex.ts";
import { below, seeded } from "../../../fakes/random.ts";

const randomTokens = (count: number, kinds: number, random: () => number) =>
  Int32Array.from({ length: count }, () => below(random, kinds));

function found(index: LiveIndex, context: Int32Array, except?: string) {
  index.find(context, context.length, except);
  const { count, lengths, nexts } = index.matches;
  return Array.from({ length: count }, (_, i) => ({
    length: lengths[i] as number,
    next: index.tokens[nexts[i] as number],
  }));
}

/** The lengths of all matches of at least two tokens, found by exhaustive search. */
function everywhere(files: Map<string, Int32Array>, context: Int32Array) {
  const lengths: number[] = [];
  for (const tokens of files.values())
    for (let at = 0; at + 1 < tokens.length; at++) {
      let length = 0;
      while (
        length < 32 &&
        length < context.length &&
        at - length >= 0 &&
        tokens[at - length] === context[context.length - 1 - length]
      )
        length++;
      if (length >= 2) lengths.push(length);
    }
  return lengths.sort((a, b) => b - a);
}

test("the longest matches are found after any mix of puts, replacements and removals", () => {
  const random = seeded(4);
  for (let round = 0; round < 20; round++) {
    const index = new LiveIndex(1 << 20);
    const files = new Map<string, Int32Array>();
    for (let change = 0; change < 40; change++) {
      const name = `file${below(random, 8)}`;
      if (below(random, 4) === 0) {
        assert.equal(index.remove(name), files.delete(name));
      } else {
        const tokens = randomTokens(below(random, 60), 5, random);
        assert.ok(index.put(name, tokens));
        files.set(name, tokens);
      }
      const context = randomTokens(12, 5, random);
      const expected = everywhere(files, context);
      const actual = found(index, context).map(({ length }) => length);
      assert.equal(actual[0], expected[0]);
      assert.deepEqual(
        actual,
        [...actual].sort((a, b) => b - a),
      );
    }
    assert.equal(index.fileCount, files.size);
  }
});

test("the file put in last comes first among equal matches, and continuations stay in their file", () => {
  const index = new LiveIndex(1000);
  index.put("a", Int32Array.of(1, 2, 3, 4, 10));
  index.put("b", Int32Array.of(1, 2, 3, 4, 20));
  index.put("c", Int32Array.of(9, 1, 2, 3, 4));
  assert.deepEqual(found(index, Int32Array.of(7, 1, 2, 3, 4)), [
    { length: 4, next: 20 },
    { length: 4, next: 10 },
  ]);
});

test("the file being edited can be left out", () => {
  const index = new LiveIndex(1000);
  index.put("a", Int32Array.of(1, 2, 3, 4, 10));
  index.put("b", Int32Array.of(1, 2, 3, 4, 20));
  assert.deepEqual(found(index, Int32Array.of(1, 2, 3, 4), "b"), [{ length: 4, next: 10 }]);
});

test("a file for which there is no room is refused, and the others stay", () => {
  const index = new LiveIndex(100);
  assert.ok(index.put("a", new Int32Array(60).fill(1)));
  assert.equal(index.put("b", new Int32Array(60)), false);
  assert.ok(index.has("a") && !index.has("b"));
  assert.ok(index.put("a", new Int32Array(90)), "replacing counts only what is new");
});

test("an index that fills is never copied to larger arrays", () => {
  const index = new LiveIndex(1 << 20);
  const { tokens } = index;
  for (let i = 0; index.put(`${i}`, new Int32Array(10_000).fill(i)); i++);
  assert.ok(index.liveTokens > 1_000_000);
  assert.equal(index.tokens, tokens);
});

test("files replaced many times do not fill the memory, and other files are still found", () => {
  const index = new LiveIndex(1 << 22);
  const random = seeded(6);
  const kept = randomTokens(500, 1000, random);
  index.put("kept", kept);
  for (let i = 0; i < 400; i++) index.put("edited", randomTokens(5000, 1000, random));
  assert.ok(index.size < 1 << 20, `${index.size} positions for 5,500 tokens`);
  assert.equal(index.liveTokens, 501 + 5001, "each file with its separator");
  assert.deepEqual(found(index, kept.subarray(100, 120))[0], { length: 20, next: kept[120] });
});

test("one repeated token, empty files and short contexts are handled correctly", () => {
  const index = new LiveIndex(1 << 20);
  index.put("same", new Int32Array(100_000).fill(7));
  index.put("empty", new Int32Array(0));
  assert.equal(found(index, new Int32Array(50).fill(7))[0]?.length, 32);
  assert.deepEqual(found(index, Int32Array.of(7)), []);
  assert.deepEqual(found(index, new Int32Array(0)), []);
});

test("occurrences that are erased or in the file being edited do not hide earlier ones", () => {
  const index = new LiveIndex(1 << 20);
  const sequence = [5, 6, 7, 8];
  index.put("b", Int32Array.of(...sequence, 9));
  const often = Array.from({ length: 300 }, (_, i) => [...sequence, 100 + i]).flat();
  index.put("a", Int32Array.from(often));
  const context = Int32Array.from(sequence);
  assert.deepEqual(found(index, context, "a"), [{ length: 4, next: 9 }]);
  for (let round = 0; round < 3; round++) {
    index.put("a", Int32Array.from(often));
    index.put("a", Int32Array.of(1, 2, 3));
    for (let again = 0; again < 2; again++) assert.deepEqual(found(index, context), [{ length: 4, next: 9 }]);
  }
  index.put("c", Int32Array.of(...sequence, 10));
  assert.deepEqual(found(index, context), [
    { length: 4, next: 10 },
    { length: 4, next: 9 },
  ]);
});

test("while the log is rewritten in steps, files that change meanwhile are found as they are, the most recent first", () => {
  const random = seeded(9);
  const index = new LiveIndex(1 << 22);
  const files = new Map<string, Int32Array>();
  for (let change = 0; change < 2000; change++) {
    const name = `file${below(random, 600)}`;
    const before = index.size;
    files.delete(name);
    if (below(random, 10) === 0) index.remove(name);
    else {
      const tokens = randomTokens(1000, 40, random);
      index.put(name, tokens);
      files.set(name, tokens);
    }
    if (change % 250 > 0 && index.size >= before) continue;
    const fresh = new LiveIndex(1 << 22);
    for (const [each, tokens] of files) fresh.put(each, tokens);
    for (let search = 0; search < 20; search++) {
      const context = randomTokens(6, 40, random);
      assert.deepEqual(found(index, context), found(fresh, context));
    }
  }
  assert.ok(index.size < 3 * index.liveTokens, "the log was rewritten");
});
