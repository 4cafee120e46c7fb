import assert from "node:assert/strict";
import { test } from "node:test";
import { FollowedText, type TextChange } from "../../../../extension/figures/followedText.ts";
import { seeded } from "../../../fakes/random.ts";

/** The number of characters left of `world` in "hello world!" after changes. */
function left(...changes: TextChange[]): number {
  const followed = new FollowedText(6, "world");
  for (const change of changes) followed.edit(change);
  return followed.left;
}

test("edits before, after and at the edges of a text leave it whole", () => {
  assert.equal(left(), 5);
  assert.equal(left({ offset: 0, removed: 3, text: "" }, { offset: 3, removed: 0, text: "x" }), 5);
  assert.equal(left({ offset: 11, removed: 1, text: "??" }), 5);
  assert.equal(left({ offset: 6, removed: 0, text: "x" }, { offset: 12, removed: 0, text: "y" }), 5);
});

test("removed characters are gone, wherever the removal begins and ends", () => {
  assert.equal(left({ offset: 8, removed: 2, text: "" }), 3);
  assert.equal(left({ offset: 4, removed: 4, text: "" }), 3);
  assert.equal(left({ offset: 9, removed: 3, text: "x" }), 3);
  assert.equal(left({ offset: 0, removed: 12, text: "bye" }), 0);
});

test("a text that is split is followed in its parts", () => {
  const split = { offset: 8, removed: 0, text: "---" };
  assert.equal(left(split), 5);
  assert.equal(left(split, { offset: 6, removed: 2, text: "" }), 3);
  assert.equal(left(split, { offset: 11, removed: 3, text: "" }), 2);
});

test("a text that a replacement of the document repeats remains", () => {
  const formatted = { offset: 0, removed: 12, text: "hello,\n  world!" };
  assert.equal(left(formatted), 5);
  assert.equal(left(formatted, { offset: 9, removed: 1, text: "" }), 4);
});

test("of several repetitions the one at the text's own place is followed, else the last before it, else the first", () => {
  const remains = (text: string, offset: number) =>
    left({ offset: 0, removed: 12, text }, { offset, removed: 3, text: "" });
  assert.deepEqual([remains("world world world!", 6), remains("world world world!", 0)], [2, 5]);
  assert.deepEqual([remains("world,world,     !", 6), remains("world,world,     !", 0)], [2, 5]);
  assert.deepEqual([remains("world, world, .. !", 0), remains("world, world, .. !", 7)], [2, 5]);
  assert.deepEqual([remains("hello,   world, world", 9), remains("hello,   world, world", 16)], [2, 5]);
});

test("a repetition is looked for at the text's place in a change that begins elsewhere", () => {
  const within = { offset: 3, removed: 9, text: "world world!" };
  assert.equal(left(within, { offset: 3, removed: 5, text: "" }), 0);
  assert.equal(left({ ...within, text: "lo world!world" }, { offset: 6, removed: 5, text: "" }), 0);
});

test("random edits leave the same count as a list of marked characters", () => {
  const random = seeded(11);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 200; round++) {
    let marked = Array.from({ length: 40 }, (_, i) => i >= 10 && i < 30);
    const followed = new FollowedText(10, "abcdefghijklmnopqrst");
    for (let edit = 0; edit < 12; edit++) {
      const offset = below(marked.length + 1);
      const removed = below(Math.min(6, marked.length - offset + 1));
      const text = "#".repeat(below(4));
      followed.edit({ offset, removed, text });
      const inserted = Array.from(text, () => false);
      marked = [...marked.slice(0, offset), ...inserted, ...marked.slice(offset + removed)];
      assert.equal(followed.left, marked.filter(Boolean).length);
    }
  }
});
