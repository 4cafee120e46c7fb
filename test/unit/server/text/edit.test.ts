import assert from "node:assert/strict";
import { test } from "node:test";
import { extended, replacement, type Stretch } from "../../../../server/text/edit.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** Replaces stretches one after the other. */
function edited(before: string, ...changes: readonly [start: number, end: number, text: string][]) {
  let after = before;
  let stretch: Stretch | undefined;
  for (const [start, end, text] of changes) {
    after = after.slice(0, start) + text + after.slice(end);
    stretch = extended(stretch, start, end, text.length);
  }
  assert.ok(stretch);
  return { after, stretch, ...replacement(before, after, stretch) };
}

const reported = (...given: Parameters<typeof edited>) => {
  const { start, removed, added } = edited(...given);
  return { start, removed, added };
};

test("an edit is reported without unchanged text at its ends", () => {
  assert.deepEqual(reported("abc", [2, 2, "X"]), { start: 2, removed: "", added: "X" });
  assert.deepEqual(reported("aXXa", [1, 3, ""]), { start: 1, removed: "XX", added: "" });
  assert.deepEqual(reported("x = r", [4, 5, "reticulate"]), { start: 5, removed: "", added: "eticulate" });
  assert.deepEqual(reported("same", [0, 4, "same"]), { start: 4, removed: "", added: "" });
  assert.deepEqual(reported("f(a)", [0, 4, "f(b)"]), { start: 2, removed: "a", added: "b" });
});

test("an edit that could be reported at several places is reported where it was made", () => {
  assert.deepEqual(reported("aaa", [1, 1, "a"]), { start: 1, removed: "", added: "a" });
});

test("several changes become one replacement, from the first place to the last", () => {
  assert.deepEqual(reported("one two", [4, 7, "2"], [0, 3, "1"]), {
    start: 0,
    removed: "one two",
    added: "1 2",
  });
  assert.deepEqual(reported("one two", [0, 3, "1"], [2, 5, "2"]), {
    start: 0,
    removed: "one two",
    added: "1 2",
  });
  assert.deepEqual(reported("abc", [1, 1, "XY"], [1, 3, ""]), { start: 1, removed: "", added: "" });
});

test("the replacement turns the old text into the new one, whatever was changed", () => {
  const random = seeded(7);
  const letters = () => Array.from({ length: below(random, 5) }, () => "ab\n"[below(random, 3)]).join("");
  for (let round = 0; round < 3000; round++) {
    const before = letters() + letters() + letters();
    let length = before.length;
    const changes = Array.from({ length: 1 + below(random, 4) }, () => {
      const start = below(random, length + 1);
      const end = start + below(random, length - start + 1);
      const text = letters();
      length += text.length - (end - start);
      return [start, end, text] as [number, number, string];
    });
    const { after, start, removed, added } = edited(before, ...changes);
    assert.equal(before.slice(start, start + removed.length), removed);
    assert.equal(before.slice(0, start) + added + before.slice(start + removed.length), after);
  }
});
