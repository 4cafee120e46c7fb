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

/**
 * The matches by exhaustive search: those of at least four tokens, and where they are fewer than eight, those of two and
 * three. The longest first, then those in the file put in last, then the last in a file.
 */
function everywhere(files: Map<string, Int32Array>, context: Int32Array, most: number, except?: string) {
  const matches: { length: number; next: number | undefined }[] = [];
  for (const [name, tokens] of files)
    for (let at = 0; at + 1 < tokens.length && name !== except; at++) {
      let length = 0;
      while (
        length < 32 &&
        length < context.length &&
        at - length >= 0 &&
        tokens[at - length] === context[context.length - 1 - length]
      )
        length++;
      if (length >= 2) matches.unshift({ length, next: tokens[at + 1] });
    }
  matches.sort((a, b) => b.length - a.length);
  const long = matches.filter(({ length }) => length >= 4).slice(0, most);
  return long.length < 8 ? matches.slice(0, most) : long;
}

test("exactly the longest matches are found after any mix of puts, replacements and removals", () => {
  const random = seeded(4);
  for (let round = 0; round < 60; round++) {
    const most = 1 + below(random, 40);
    const kinds = 3 + below(random, 10);
    const index = new LiveIndex(1 << 12, most);
    const files = new Map<string, Int32Array>();
    for (let change = 0; change < 40; change++) {
      const name = `file${below(random, 8)}`;
      if (below(random, 4) === 0) {
        assert.equal(index.remove(name), files.delete(name));
      } else {
        const tokens = randomTokens(below(random, 60), kinds, random);
        const other = files.get(`file${below(random, 8)}`);
        if (other) tokens.set(other.subarray(0, tokens.length));
        assert.ok(index.put(name, tokens));
        files.delete(name);
        files.set(name, tokens);
      }
      const text = files.get(`file${below(random, 8)}`) ?? Int32Array.of();
      const end = below(random, text.length + 1);
      const context = below(random, 2) === 0 ? randomTokens(6, kinds, random) : text.subarray(0, end);
      const except = below(random, 3) === 0 ? `file${below(random, 8)}` : undefined;
      assert.deepEqual(found(index, context, except), everywhere(files, context, most, except));
    }
    assert.deepEqual(index.names, [...files.keys()]);
    assert.equal(index.fileCount, files.size);
    assert.equal(
      index.liveTokens,
      [...files.values()].reduce((sum, { length }) => sum + length + 1, 0),
    );
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
  assert.equal(index.put("b", new Int32Array(9)), false, "91 and 10 positions");
  assert.ok(index.put("b", new Int32Array(8)));
  assert.equal(index.liveTokens, 100);
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
