import assert from "node:assert/strict";
import { test } from "node:test";
import { findFlicker } from "../../editor/page.ts";

/** Frames 16 ms apart, each as the document's part of a line, its ghost text, and what is below. */
const recording = (...frames: readonly (readonly [before: string, ghost: string, below?: string])[]) => ({
  frames: frames.map(([before, ghost, below = ""], index) => ({
    at: 16 * index,
    before: ghost === "" ? "" : before,
    line: ghost === "" ? "" : before + ghost,
    below,
  })),
  keys: [],
});

test("ghost text that grows and agrees with what is typed does not flicker", () => {
  const frames = recording(
    ["de", ""],
    ["def ", "load"],
    ["def l", "oad(path)"],
    ["def lo", "ad(path)", "  return"],
  );
  assert.equal(findFlicker(frames, "def "), undefined);
});

test("ghost text that was shown for part of the typed text may go", () => {
  const frames = recording(["d", "ata = 1"], ["de", ""], ["def ", "load"], ["def ", "load"]);
  assert.equal(findFlicker(frames, "def "), undefined);
});

test("text that is gone for two frames was drawn again, and text that is gone for three has flickered", () => {
  const shown = ["def ", "load", "  return"] as const;
  const gone = ["def ", "load"] as const;
  assert.equal(findFlicker(recording(shown, gone, gone, shown), "def "), undefined);
  assert.match(findFlicker(recording(shown, gone, gone, gone, shown), "def ") ?? "", /went/);
});

test("text that is replaced by another has flickered", () => {
  assert.match(findFlicker(recording(["def ", "load"], ["def ", "save"]), "def ") ?? "", /"def save"/);
});

test("a recording without ghost text is reported as such", () => {
  assert.equal(findFlicker(recording(["def ", ""]), "def "), "no ghost text was recorded");
});
