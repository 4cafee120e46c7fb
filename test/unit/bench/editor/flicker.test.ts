import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flicker, REACTION_MS, type TypedKey, watch } from "../../../bench/editor/flicker.ts";
import type { Frame } from "../../../editor/probe.ts";

const FRAME_MS = 16;

/**
 * Frames that follow each other from `at` on: a line, `|` before its ghost text, or a line and what stands below it;
 * "" shows nothing.
 */
function frames(at: number, ...shown: (string | readonly [string, string])[]): Frame[] {
  return shown.map((each, index) => {
    const [line, below] = typeof each === "string" ? [each, ""] : each;
    const [before = ""] = line.split("|");
    return { at: at + index * FRAME_MS, line: line.replace("|", ""), before, below };
  });
}

const key = (at: number, typed: string): TypedKey => ({ at, typed });
const reported = (flickers: readonly Flicker[]) => flickers.map(({ kind, goneMs }) => [kind, goneMs]);

test("ghost text that appears and grows does not flicker", () => {
  const { flickers, firstMs } = watch(frames(100, "", "", "f|oo(", "f|oo(a", "f|oo(a)", ["f|oo(a)", "b"]), [
    key(90, "f"),
  ]);
  assert.deepEqual(flickers, []);
  assert.deepEqual(firstMs, [100 + 2 * FRAME_MS - 90]);
});

test("ghost text must not change without a key", () => {
  const { flickers } = watch(frames(100, "f|oo(", "f|op"), [key(0, "f")]);
  assert.deepEqual(reported(flickers), [["replaced", 0]]);
  assert.deepEqual([flickers[0]?.expected, flickers[0]?.seen], ["foo(", "fop"]);
});

test("the lines below may be drawn a frame before the line", () => {
  const { flickers } = watch(frames(100, "f|oo(", ["f|oo(", "b)"], ["f|oo(a,", "b)"]), [key(0, "f")]);
  assert.deepEqual(flickers, []);
});

test("ghost text must not vanish without a key, and has blinked when it comes back", () => {
  const keys = [key(0, "f")];
  assert.deepEqual(reported(watch(frames(100, "f|oo", "", "", "f|oo"), keys).flickers), [
    ["blinked", 2 * FRAME_MS],
  ]);
  assert.deepEqual(reported(watch(frames(100, "f|oo", "", "", "f|ar"), keys).flickers), [
    ["replaced", 2 * FRAME_MS],
  ]);
  assert.deepEqual(reported(watch(frames(100, "f|oo", "", ""), keys).flickers), [["vanished", FRAME_MS]]);
});

test("ghost text stays unchanged as a whole after a key that agrees", () => {
  const keys = [key(0, "f"), key(110, "fo"), key(140, "foo")];
  const seen = frames(100, "f|ooba", "fo|oba", "fo|oba", "foo|bar", "foo|bar");
  const { flickers, agreed } = watch(seen, keys);
  assert.deepEqual(flickers, []);
  assert.deepEqual(agreed, [false, true, true]);
});

test("ghost text that is gone for a frame after a key that agrees has blinked, and other text has replaced it", () => {
  const keys = [key(0, "f"), key(110, "fo")];
  assert.deepEqual(reported(watch(frames(100, "f|oobar", "", "fo|obar"), keys).flickers), [
    ["blinked", FRAME_MS],
  ]);
  assert.deepEqual(reported(watch(frames(100, "f|oobar", "fo|ol"), keys).flickers), [["replaced", 0]]);
});

test("ghost text may change once all of it has been typed", () => {
  const keys = [key(0, "f"), key(110, "fo")];
  assert.deepEqual(watch(frames(100, "f|o", "", "", "fo|reign"), keys).flickers, []);
});

test("ghost text may vanish or change once after a key that disagrees or deletes", () => {
  for (const typed of ["fx", ""]) {
    const keys = [key(0, "f"), key(110, typed)];
    const next = `${typed}|foreign`;
    const { flickers, firstMs } = watch(frames(100, "f|oo", "", "", next, `${next}b`), keys);
    assert.deepEqual(flickers, []);
    assert.equal(firstMs[1], 100 + 3 * FRAME_MS - 110);
    const changed = frames(100, "f|oo", "", next, `${typed}|other`);
    assert.deepEqual(reported(watch(changed, keys).flickers), [["replaced", 0]]);
  }
});

test("an Enter that agrees moves the lines below up", () => {
  const below = "    return 1";
  const keys = [key(0, "def f()"), key(110, "def f():"), key(180, "def f():\n    ")];
  const shown = frames(100, ["def f()|:", below], ["", below], ["", below], ["", below], ["", below]);
  assert.deepEqual(watch([...shown, ...frames(190, "    |return 1")], keys).flickers, []);
  const changed = frames(190, "    |return 2");
  assert.deepEqual(reported(watch([...shown, ...changed], keys).flickers), [["replaced", 0]]);
});

test("a part of the ghost text that is gone for a frame has blinked", () => {
  const { flickers } = watch(frames(100, ["a|b", "c"], ["a|b", ""], ["a|b", "c"]), [key(0, "a")]);
  assert.deepEqual(reported(flickers), [["blinked", FRAME_MS]]);
  const moved = frames(100, ["a|(", "b\nc"], ["", "b\nc"], ["", "b\nc"], ["", "c"], ["|b", "c"]);
  assert.deepEqual(reported(watch(moved, [key(0, "a"), key(110, "a("), key(140, "a(\n")]).flickers), [
    ["blinked", FRAME_MS],
  ]);
});

test("frames before VS Code has drawn a key do not count as flicker of that key, however late it is drawn", () => {
  const keys = [key(0, "a\n  f"), key(105, "a\n  fx")];
  const late = Math.ceil(REACTION_MS / FRAME_MS) + 2;
  for (const count of [3, late]) {
    const stale = frames(100, ...Array.from({ length: count }, () => "  f|oo"));
    assert.deepEqual(watch([...stale, ...frames(300, "", "  fx|y")], keys).flickers, []);
  }
});

test("lines below that vanish only after VS Code must have drawn a key that disagrees count as vanished", () => {
  const keys = [key(0, "f:"), key(105, "f:x")];
  const late = Math.ceil(REACTION_MS / FRAME_MS) + 2;
  const below = (count: number) =>
    frames(100, ...Array.from({ length: count }, () => ["", "b"] as const), "", "");
  assert.deepEqual(watch(below(3), keys).flickers, []);
  assert.deepEqual(reported(watch(below(late), keys).flickers), [["vanished", FRAME_MS]]);
});

test("ghost text for the previous key that is drawn after the next key need not stay", () => {
  const keys = [key(0, "fo"), key(105, "foo")];
  assert.deepEqual(watch(frames(100, "", "fo|o", "", "foo|d"), keys).flickers, []);
  const back = [key(0, "fo"), key(105, "f")];
  assert.deepEqual(watch(frames(100, "", "fo|od", "", "f|ar"), back).flickers, []);
});

test("text that was shown before the first key is checked as well", () => {
  const { flickers } = watch(frames(100, "fo|obar", "", "foo|bar"), [key(110, "foo")], "fo");
  assert.deepEqual(reported(flickers), [["blinked", FRAME_MS]]);
});
