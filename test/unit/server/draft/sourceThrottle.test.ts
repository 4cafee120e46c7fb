import assert from "node:assert/strict";
import { test } from "node:test";
import { CompletionThrottle, SourceThrottle } from "../../../../server/draft/sourceThrottle.ts";

const DECODE_MS = 4;

/** The steps at which a source is asked that spends and saves the given milliseconds each time. */
function asked(throttle: SourceThrottle, steps: number, spentMs: number, savedMs: number): number[] {
  const at: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (!throttle.isDue()) continue;
    at.push(step);
    throttle.record(spentMs, savedMs, DECODE_MS);
  }
  return at;
}

test("a source that saves more than it costs is asked at every step", () => {
  assert.equal(asked(new SourceThrottle(), 200, 1, 1.5).length, 200);
});

test("a source that saves nothing has a trial of 24 steps and then is asked at every sixteenth", () => {
  const steps = asked(new SourceThrottle(), 100, 0.1, 0);
  assert.deepEqual(steps.slice(0, 24), [...Array(24).keys()]);
  assert.deepEqual(steps.slice(24), [39, 55, 71, 87]);
});

test("an expensive source has a shorter trial, and then takes a hundredth of the decoding time", () => {
  const steps = asked(new SourceThrottle(), 2000, 8, 0);
  assert.deepEqual(steps.slice(0, 6), [0, 1, 2, 3, 4, 204]);
  const share = ((steps.length - 5) * 8) / (2000 * DECODE_MS);
  assert.ok(share > 0.005 && share <= 0.011, `${share} of the time`);
});

test("a source that has become cheap is asked more often, and one that pays off again is asked at every step", () => {
  const throttle = new SourceThrottle();
  asked(throttle, 10, 8, 0);
  assert.ok(asked(throttle, 400, 0.1, 0).length >= 10);
  asked(throttle, 16 * 60, 0.1, 3);
  assert.equal(asked(throttle, 50, 0.1, 3).length, 50);
});

test("a source that reads prompts rests after twelve steps whose averages, a sixteenth of the prompt's time added to each, do not pay", () => {
  const rests = new Set<boolean>();
  for (const [promptMs, spentMs, savedMs] of [
    [0, 1, 1.01],
    [0, 1.01, 1],
    [100, 1, 4],
    [1000, 1, 4],
    [10_000, 1, 4],
  ] as const) {
    const throttle = new CompletionThrottle();
    assert.ok(throttle.begin());
    throttle.spend(promptMs / 2);
    throttle.spend(promptMs / 2);
    let [owed, spent, saved] = [promptMs as number, 0, 0];
    for (let step = 1; step < 200; step++) {
      throttle.record(spentMs, savedMs);
      spent += (spentMs + owed / 16 - spent) / 16;
      saved += (savedMs - saved) / 16;
      owed -= owed / 16;
      assert.equal(throttle.isResting, step >= 12 && saved < spent, `${promptMs} ms, step ${step}`);
      rests.add(throttle.isResting);
    }
  }
  assert.equal(rests.size, 2);
  const stopped = new CompletionThrottle();
  stopped.begin();
  stopped.stop();
  assert.deepEqual([stopped.isResting, stopped.isDue(), stopped.begin()], [true, false, false]);
  assert.ok(
    Array.from({ length: 40 }, () => stopped.begin()).every(begun => !begun),
    "it is never asked again",
  );
});
