import assert from "node:assert/strict";
import { test } from "node:test";
import { sameHash, TextHash } from "../../../../server/text/textHash.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("a change alters the hashes of the texts that contain it, and no others", () => {
  const random = seeded(4);
  const letters = (length: number) => Array.from({ length }, () => "abc\n"[below(random, 4)]).join("");
  for (let round = 0; round < 40; round++) {
    const text = letters(12_000 + below(random, 9000));
    const at = below(random, text.length);
    // One character for another, or a few more characters.
    const [removed, added] = [below(random, 2), "d".repeat(1 + below(random, 3))];
    const longer = added.length - removed;
    const changed = text.slice(0, at) + added + text.slice(at + removed);
    const one = new TextHash(text);
    const other =
      random() < 0.5 ? new TextHash(changed) : one.edited(changed, at, text.length - at - removed);
    for (const offset of [
      0,
      at,
      at + 1,
      text.length,
      ...Array.from({ length: 8 }, () => below(random, text.length)),
    ]) {
      assert.equal(
        sameHash(one.before(offset), other.before(offset)),
        offset <= at,
        `before ${offset} of ${at}`,
      );
      const isAfter = offset >= at + removed;
      assert.equal(
        sameHash(one.after(offset), other.after(offset + longer)),
        isAfter,
        `after ${offset} of ${at}`,
      );
    }
  }
});

test("hashes are the same only if both halves are", () => {
  assert.ok(sameHash([1, 2], [1, 2]));
  for (const other of [
    [1, 3],
    [3, 2],
    [2, 1],
  ] as const)
    assert.ok(!sameHash([1, 2], other));
});
