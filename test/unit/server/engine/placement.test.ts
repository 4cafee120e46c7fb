import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineProblem } from "../../../../server/engine/engine.ts";
import {
  ALL_LAYERS,
  type Placement,
  placeFirstFitting,
  placementNote,
  placements,
  smallerThan,
} from "../../../../server/engine/placement.ts";

const GIB = 2 ** 30;
const need = { layers: 29, modelBytes: 2 * GIB, contextTokens: 8192, freeBytes: undefined };

test("the whole model is placed first, and then less, step by step, down to the processor alone", () => {
  const tried = placements(need);
  assert.deepEqual(tried[0], { layers: ALL_LAYERS, contextTokens: 8192 });
  assert.deepEqual(tried[1], { layers: ALL_LAYERS, contextTokens: 4096 });
  assert.deepEqual(tried.at(-1), { layers: 0, contextTokens: 8192 });
  const layers = tried.slice(1).map(placement => (placement.layers < 0 ? 29 : placement.layers));
  assert.deepEqual(
    layers,
    [...layers].sort((a, b) => b - a),
    "never more layers after fewer",
  );
});

test("a placement known to exceed the free memory is not tried first", () => {
  const [first] = placements({ ...need, freeBytes: GIB });
  assert.equal(first?.layers, 12, "85% of 1 GiB holds 12 of 29 layers of 2 GiB");
  assert.deepEqual(placements({ ...need, freeBytes: 0 }), [{ layers: 0, contextTokens: 8192 }]);
});

test("a context far longer than prompts is shortened to an ample one before layers are left out", () => {
  const tried = placements({ ...need, contextTokens: 32768 });
  const whole = tried.filter(({ layers }) => layers === ALL_LAYERS).map(each => each.contextTokens);
  assert.deepEqual(whole, [32768, 16384, 8192, 4096]);
  assert.deepEqual(tried[4], { layers: 21, contextTokens: 4096 });
  assert.deepEqual(tried.at(-1), { layers: 0, contextTokens: 32768 });
});

test("a context of 2,048 tokens or fewer is not shortened", () => {
  for (const contextTokens of [512, 2048])
    assert.ok(placements({ ...need, contextTokens }).every(each => each.contextTokens === contextTokens));
});

test("the log says what was placed where, and says nothing when everything is as requested", () => {
  const wanted = { layers: ALL_LAYERS, contextTokens: 8192 };
  assert.equal(placementNote(wanted, wanted), undefined);
  assert.match(placementNote({ layers: 0, contextTokens: 8192 }, wanted) ?? "", /processor\.$/);
  assert.match(placementNote({ layers: 12, contextTokens: 4096 }, wanted) ?? "", /12 of .* 4096 tokens long/);
  assert.match(
    placementNote({ layers: ALL_LAYERS, contextTokens: 4096 }, wanted) ?? "",
    /short: the context is 4096/,
  );
});

test("where memory ran out, less is placed than there was, whatever else has become free or taken since", () => {
  const tried = placements(need);
  const [whole, shorter, fewer] = tried;
  assert.ok(whole && shorter && fewer);
  assert.deepEqual(smallerThan(whole, tried)[0], shorter);
  assert.deepEqual(
    smallerThan(shorter, tried)[0],
    fewer,
    "a placement that was itself a fallback is not tried again",
  );
  const left = placements({ ...need, freeBytes: GIB });
  assert.deepEqual(smallerThan(whole, left), left, "what fits now is not reduced once more");
  const processor = { layers: 0, contextTokens: 8192 };
  assert.deepEqual(smallerThan(processor, tried), [processor]);
});

/** Places a model where a step has no memory. Returns what was done. */
async function placed(choices: readonly Placement[], hasMemory: (placement: Partial<Placement>) => boolean) {
  const done: string[] = [];
  const short: EngineProblem = { code: "memory", message: "short", remedy: "" };
  const outcome = await placeFirstFitting<{ layers: number }, Placement>(choices, {
    async load(layers) {
      done.push(`load ${layers}`);
      return hasMemory({ layers }) ? { layers } : short;
    },
    async make(_, placement) {
      done.push(`make ${placement.contextTokens}`);
      return hasMemory(placement) ? placement : short;
    },
    free: ({ layers }) => void done.push(`free ${layers}`),
  });
  return { outcome, done };
}

test("a model is read once for all contexts that are tried with as many layers, and freed before another load", async () => {
  const { outcome, done } = await placed(
    placements({ ...need, contextTokens: 16384 }),
    ({ layers = 0, contextTokens }) => !contextTokens || layers === 21,
  );
  assert.deepEqual(outcome, { layers: 21, contextTokens: 4096 });
  assert.deepEqual(done, [
    "load -1",
    "make 16384",
    "make 8192",
    "make 4096",
    "free -1",
    "load 21",
    "make 4096",
  ]);
});

test("layers for which there is no memory are not loaded once more for a shorter context", async () => {
  const { outcome, done } = await placed(placements(need), ({ layers = 0 }) => layers === 0);
  assert.deepEqual(outcome, { layers: 0, contextTokens: 8192 });
  assert.deepEqual(done, ["load -1", "load 21", "load 14", "load 7", "load 0", "make 8192"]);
});

test("the first context for which there is memory is used, and a problem other than memory ends the search", async () => {
  const first = await placed(placements(need), () => true);
  assert.deepEqual(first.outcome, { layers: ALL_LAYERS, contextTokens: 8192 });
  assert.deepEqual(first.done, ["load -1", "make 8192"]);
  const unsuitable: EngineProblem = { code: "modelUnsuitable", message: "no end", remedy: "" };
  const done: string[] = [];
  const outcome = await placeFirstFitting<{ layers: number }, Placement>(placements(need), {
    load: async layers => ({ layers }),
    make: async (_, { contextTokens }) => {
      done.push(`make ${contextTokens}`);
      return unsuitable;
    },
    free: () => void done.push("free"),
  });
  assert.equal(outcome, unsuitable);
  assert.deepEqual(done, ["make 8192", "free"]);
});
