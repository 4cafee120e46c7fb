import assert from "node:assert/strict";
import { test } from "node:test";
import { AdaptiveDebounce } from "../../../../server/completion/adaptiveDebounce.ts";

const after = (...firstTextsMs: number[]) => {
  const delay = new AdaptiveDebounce();
  for (const ms of firstTextsMs) delay.observe(ms);
  return delay;
};

test("there is no delay for a fast model or for one not yet measured", () => {
  assert.equal(after().ms, 0);
  assert.equal(after(40, 120, 300, 900).ms, 0);
});

test("a request waits longer the slower the median first text is, up to half a second", () => {
  assert.equal(after(400, 420, 5000).ms, 120);
  assert.equal(after(9000, 8000, 9000).ms, 500);
});

test("the first one or two completions, whose prompts are new, cause no delay", () => {
  assert.equal(after(1500).ms, 0);
  assert.equal(after(1500, 900).ms, 0);
});

test("only the last completions count, and another model starts anew", () => {
  const delay = after(...Array(20).fill(2000), ...Array(15).fill(50));
  assert.equal(delay.ms, 0);
  const half = after(...Array(8).fill(400), ...Array(7).fill(50));
  assert.equal(half.ms, 100, "fifteen count");
  half.observe(50);
  assert.equal(half.ms, 0);
  const slow = after(900, 900, 900);
  slow.clear();
  assert.equal(slow.ms, 0);
  slow.observe(900);
  slow.observe(900);
  assert.equal(slow.ms, 0, "two completions of the other model");
});
