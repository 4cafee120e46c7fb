import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flicker, REACTION_MS, type TypedKey, watch } from "../bench/flicker.ts";
import type { Frame } from "../editor/probe.ts";

const FRAME_MS = 16;

/** Frames that follow each other from `at` on: a line, or a line and what stands below it; "" shows nothing. */
function frames(at: number, ...shown: (string | readonly [string, string])[]): Frame[] {
  return shown.map((each, index) => {
    const [line, below] = typeof each === "string" ? [each, ""] : each;
    return { at: at + index * FRAME_MS, line, below };
  });
}

const key = (at: number, typed: string): TypedKey => ({ at, typed });
const told = (flickers: readonly Flicker[]) => flickers.map(({ kind, goneMs }) => [kind, goneMs]);

test("ghost text that appears and grows is no flicker", () => {
  const { flickers, firstMs } = watch(frames(100, "", "", "foo(", "foo(a", "foo(a)", ["foo(a)", "b"]), [
    key(90, "f"),
  ]);
  assert.deepEqual(flickers, []);
  assert.deepEqual(firstMs, [100 + 2 * FRAME_MS - 90]);
});

test("without a key it may not change", () => {
  const { flickers } = watch(frames(100, "foo(", "fop"), [key(0, "f")]);
  assert.deepEqual(told(flickers), [["replaced", 0]]);
  assert.deepEqual([flickers[0]?.expected, flickers[0]?.seen], ["foo(", "fop"]);
});

test("the lines below may be drawn a frame before the line", () => {
  const { flickers } = watch(frames(100, "foo(", ["foo(", "b)"], ["foo(a,", "b)"]), [key(0, "f")]);
  assert.deepEqual(flickers, []);
});

test("without a key it may not vanish, and when it comes back it has blinked", () => {
  assert.deepEqual(told(watch(frames(100, "foo", "", "", "foo"), [key(0, "f")]).flickers), [
    ["blinked", 2 * FRAME_MS],
  ]);
  assert.deepEqual(told(watch(frames(100, "foo", "", ""), [key(0, "f")]).flickers), [["vanished", FRAME_MS]]);
});

test("a key that agrees leaves the whole as it is", () => {
  const keys = [key(0, "f"), key(110, "fo"), key(140, "foo")];
  const { flickers, agreed } = watch(frames(100, "fooba", "fooba", "fooba", "foobar", "foobar"), keys);
  assert.deepEqual(flickers, []);
  assert.deepEqual(agreed, [false, true, true]);
});

test("gone for a frame after a key that agrees is blinking, another text is replacing", () => {
  const keys = [key(0, "f"), key(110, "fo")];
  assert.deepEqual(told(watch(frames(100, "foobar", "", "foobar"), keys).flickers), [["blinked", FRAME_MS]]);
  assert.deepEqual(told(watch(frames(100, "foobar", "fool"), keys).flickers), [["replaced", 0]]);
});

test("once all of it has been typed there is nothing to hold", () => {
  const keys = [key(0, "f"), key(110, "fo")];
  assert.deepEqual(watch(frames(100, "fo", "", "", "foreign"), keys).flickers, []);
});

test("a key that disagrees, or deletes, lets it vanish or change once", () => {
  for (const typed of ["fx", ""]) {
    const next = typed === "" ? "foreign" : "fxa";
    const keys = [key(0, "f"), key(110, typed)];
    const { flickers, firstMs } = watch(frames(100, "foo", "", "", next, `${next}b`), keys);
    assert.deepEqual(flickers, []);
    assert.equal(firstMs[1], 100 + 3 * FRAME_MS - 110);
    assert.deepEqual(told(watch(frames(100, "foo", "", next, "fxother"), keys).flickers), [["replaced", 0]]);
  }
});

test("Enter that agrees moves the lines below up", () => {
  const before = ["def f():", "    return 1\n"] as const;
  const keys = [key(0, "def f()"), key(110, "def f():"), key(180, "def f():\n    ")];
  const shown = frames(100, before, ["", before[1]], ["", before[1]], ["", before[1]], ["", before[1]]);
  const moved = frames(190, ["    return 1", ""], ["    return 1", ""]);
  assert.deepEqual(watch([...shown, ...moved], keys).flickers, []);
  const changed = frames(190, ["    return 2", ""]);
  assert.deepEqual(told(watch([...shown, ...changed], keys).flickers), [["replaced", 0]]);
});

test("the frames before VS Code has drawn a key are not held against it, later ones are", () => {
  const keys = [key(0, "a\n  f"), key(105, "a\n  fx")];
  const late = Math.ceil(REACTION_MS / FRAME_MS) + 2;
  const stale = (count: number) => frames(100, ...Array.from({ length: count }, () => "  foo"));
  assert.deepEqual(watch([...stale(3), ...frames(148, "", "  fxy")], keys).flickers, []);
  assert.deepEqual(told(watch([...stale(late), ...frames(300, "  fxy")], keys).flickers), [["replaced", 0]]);
});

test("what was shown before the first key is held to as well", () => {
  const { flickers } = watch(frames(100, "foobar", "", "foobar"), [key(110, "foo")], "fo");
  assert.deepEqual(told(flickers), [["blinked", FRAME_MS]]);
});
