import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Snooze } from "../../../extension/snooze.ts";

const MINUTE = 60_000;

function snoozed(minutes: number) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const shown: number[] = [];
  const snooze: Snooze = new Snooze(
    () => shown.push(snooze.minutesLeft),
    () => Date.now(),
  );
  snooze.start(minutes);
  return { snooze, shown, end: () => mock.timers.reset() };
}

test("a snooze counts down by minutes and ends by itself", () => {
  const { snooze, shown, end } = snoozed(5);
  assert.equal(snooze.isOn, true);
  for (let minute = 0; minute < 5; minute++) mock.timers.tick(MINUTE);
  assert.deepEqual(shown, [5, 4, 3, 2, 1, 0]);
  assert.equal(snooze.isOn, false);
  mock.timers.tick(10 * MINUTE);
  assert.equal(shown.length, 6, "nothing is counted any more");
  end();
});

test("a minute that has begun counts as a whole one", () => {
  const { snooze, end } = snoozed(5);
  mock.timers.tick(MINUTE + 1);
  assert.equal(snooze.minutesLeft, 4);
  mock.timers.tick(1_000);
  assert.equal(snooze.minutesLeft, 4);
  end();
});

test("a part of a minute passes before the whole ones, and nothing is counted after the end of the window", () => {
  const { snooze, shown, end } = snoozed(1.5);
  mock.timers.tick(MINUTE / 2);
  assert.deepEqual(shown, [2, 1]);
  snooze.dispose();
  mock.timers.tick(MINUTE);
  assert.deepEqual(shown, [2, 1]);
  end();
});

test("a snooze can be ended, and restarted with another time", () => {
  const { snooze, shown, end } = snoozed(5);
  snooze.start(60);
  assert.equal(snooze.minutesLeft, 60);
  snooze.end();
  assert.equal(snooze.isOn, false);
  mock.timers.tick(2 * 60 * MINUTE);
  assert.deepEqual(shown, [5, 60, 0]);
  end();
});

test("a clock that is set back prolongs a snooze by no more than its own length", () => {
  let now = 1_000 * MINUTE;
  const shown: number[] = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  const snooze: Snooze = new Snooze(
    () => shown.push(snooze.minutesLeft),
    () => now,
  );
  const pass = () => {
    now += MINUTE;
    mock.timers.tick(MINUTE);
  };
  snooze.start(3);
  pass();
  now -= 900 * MINUTE;
  for (let minute = 0; minute < 4; minute++) pass();
  assert.deepEqual(shown, [3, 2, 3, 2, 1, 0]);
  assert.equal(snooze.isOn, false);
  mock.timers.reset();
});
