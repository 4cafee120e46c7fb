import assert from "node:assert/strict";
import { test } from "node:test";
import { MIN_RUN, planReuse } from "../../../../server/engine/reuse.ts";
import { below, seeded } from "../../../fakes/random.ts";

const random = seeded(3);
const some = (length: number) => Array.from({ length }, () => below(random, 50_000));
const plan = (before: number[], after: number[], common: number) =>
  planReuse(Int32Array.from(before), Int32Array.from(after), common);

test("tokens after typed text are reused, moved by the length of the typed text", () => {
  const [head, typed, tail, said] = [some(100), some(3), some(60), some(20)];
  const runs = plan([...head, ...tail, ...said], [...head, ...typed, ...tail], 100);
  assert.deepEqual(runs, [{ from: 100, to: 103, length: 60 }]);
});

test("tokens after deleted text are reused, moved towards the beginning", () => {
  const [head, gone, tail] = [some(50), some(7), some(40)];
  const runs = plan([...head, ...gone, ...tail], [...head, ...tail], 50);
  assert.deepEqual(runs, [{ from: 57, to: 50, length: 40 }]);
});

test("a window that has moved and has text typed in it gives two runs", () => {
  const [dropped, body, typed, tail] = [some(200), some(300), some(2), some(90)];
  const runs = plan([1, ...dropped, ...body, 2, ...tail], [1, ...body, ...typed, 2, ...tail], 1);
  assert.deepEqual(runs, [
    { from: 201, to: 1, length: 300 },
    { from: 501, to: 303, length: 91 },
  ]);
});

test("short runs and equal texts in another order are computed again", () => {
  const [head, a, b] = [some(20), some(MIN_RUN - 1), some(70)];
  assert.deepEqual(plan([...head, ...a], [...head, 5, ...a], 20), []);
  const [c, d] = [some(40), some(40)];
  const crossed = plan([...c, ...d], [7, ...d, ...c], 0);
  assert.deepEqual(crossed, [{ from: 40, to: 1, length: 40 }]);
  assert.deepEqual(plan([], b, 0), []);
  assert.deepEqual(plan(b, [], 0), []);
});

test("runs never overlap and hold equal tokens, whatever is edited", () => {
  for (let round = 0; round < 200; round++) {
    const before = Array.from({ length: 400 }, () => below(random, 6));
    const after = [...before];
    for (let edit = 0; edit < 3; edit++)
      after.splice(below(random, after.length), below(random, 40), ...some(below(random, 9)));
    let [endFrom, endTo] = [0, 0];
    for (const { from, to, length } of plan(before, after, 0)) {
      assert.ok(from >= endFrom && to >= endTo && length >= MIN_RUN);
      assert.deepEqual(before.slice(from, from + length), after.slice(to, to + length));
      [endFrom, endTo] = [from + length, to + length];
    }
  }
});
