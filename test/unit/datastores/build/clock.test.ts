import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Clock } from "../../../../datastores/build/clock.ts";
import type { BuildInput, BuildOptions, BuildProgress } from "../../../../datastores/build/options.ts";

const input = (name: string, bytes: number | undefined) => ({ name, bytes }) as BuildInput;
const entry = (name: string, tokens: number) => ({
  name,
  key: name,
  shards: [{ file: `${name}.fts`, tokens, documents: 1, bytes: 1, textBytes: 1 }],
  dropped: {},
});

/** A clock with the reports it has made, and a way to let time pass. */
function clockOf(inputs: readonly BuildInput[]) {
  const state = { now: 0 };
  const reports: BuildProgress[] = [];
  // The process has been running for a while.
  mock.method(performance, "now", () => 5000 + state.now);
  const options = { onProgress: (progress: BuildProgress) => reports.push(progress) };
  const clock = new Clock(options as unknown as BuildOptions, inputs);
  return { clock, state, last: () => reports.at(-1) };
}

test("the time left follows from the bytes read so far, without inputs that were built before", t => {
  t.after(() => mock.restoreAll());
  const inputs = [input("before", 1000), input("now", 400)] as const;
  const { clock, state, last } = clockOf(inputs);
  clock.finished(inputs[0], entry("before", 70));
  assert.deepEqual([last()?.done, last()?.leftMs, last()?.tokens], [1000 / 1400, undefined, 70]);
  state.now = 50;
  clock.read(inputs[1], 100);
  assert.deepEqual([last()?.done, last()?.leftMs, last()?.input], [1100 / 1400, 150, "now"]);
  state.now = 200;
  clock.took(30);
  clock.finished(inputs[1], entry("now", 30));
  assert.deepEqual([last()?.done, last()?.leftMs, last()?.inputsDone], [1, 0, 2]);
  assert.deepEqual([last()?.documents, last()?.tokens], [1, 100]);
});

test("an input counts once when it is finished, and progress is reported every 256 documents", t => {
  t.after(() => mock.restoreAll());
  const inputs = [input("one", 100), input("two", 300)] as const;
  const { clock, last } = clockOf(inputs);
  clock.read(inputs[0], 100);
  for (let i = 0; i < 255; i++) clock.took(2);
  assert.equal(last()?.documents, 0);
  clock.took(2);
  assert.deepEqual([last()?.documents, last()?.tokens, last()?.done], [256, 512, 0.25]);
  clock.finished(inputs[0], entry("one", 512));
  assert.deepEqual([last()?.done, last()?.tokens], [0.25, 512]);
});

test("no more than all is done, even if an input has grown since its size was taken", t => {
  t.after(() => mock.restoreAll());
  const growing = input("growing", 100);
  const { clock, state, last } = clockOf([growing]);
  state.now = 10;
  clock.read(growing, 130);
  assert.deepEqual([last()?.done, last()?.leftMs], [1, 0]);
});

test("nothing is said of the time left where a size is unknown", t => {
  t.after(() => mock.restoreAll());
  const [known, unknown] = [input("known", 100), input("unknown", undefined)];
  const { clock, last } = clockOf([known, unknown]);
  clock.read(known, 50);
  assert.deepEqual([last()?.done, last()?.leftMs], [undefined, undefined]);
});
