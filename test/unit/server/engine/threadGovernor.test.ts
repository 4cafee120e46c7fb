import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { test } from "node:test";
import { ThreadGovernor } from "../../../../server/engine/threadGovernor.ts";

/** A machine whose other programs keep `others` processors busy while this one has all of its threads running. */
function machine(processors: number) {
  const state = { at: 0, own: 0, all: 0, others: 0 };
  const governor = new ThreadGovernor(
    processors,
    () => ({ own: state.own, all: state.all }),
    () => state.at,
  );
  return {
    governor,
    state,
    /** Decodes for the given time and returns the number of threads used at the end. */
    run(ms: number, wanted: number): number {
      let threads = governor.threads(wanted);
      for (let spent = 0; spent < ms; spent += 50) {
        const own = Math.min(threads, Math.max(1, processors - state.others / 2));
        const others = Math.min(
          state.others,
          processors - own + (threads > processors - state.others ? 0.5 : 0),
        );
        state.at += 50;
        state.own += own * 50;
        state.all += (own + others) * 50;
        threads = governor.threads(wanted);
      }
      return threads;
    },
  };
}

test("all requested threads compute on an idle machine", () => {
  for (const [processors, wanted] of [
    [2, 2],
    [8, 4],
    [8, 8],
  ] as const)
    assert.equal(machine(processors).run(2_000, wanted), wanted);
});

test("one busy program takes one thread away within a second, and returns it within a second", () => {
  for (const processors of [2, 4, 8]) {
    const { run, state } = machine(processors);
    assert.equal(run(1_000, processors), processors);
    state.others = 1;
    assert.equal(run(1_000, processors), processors - 1, `${processors} processors`);
    state.others = 0;
    assert.equal(run(1_000, processors), processors, `${processors} processors, idle again`);
  }
});

test("programs on processors that are not needed take no thread away", () => {
  const { run, state } = machine(8);
  state.others = 3;
  assert.equal(run(2_000, 4), 4);
});

test("at least one thread always computes", () => {
  const { run, state } = machine(2);
  state.others = 2;
  assert.equal(run(2_000, 2), 1);
  assert.equal(machine(2).run(1_000, 1), 1);
});

test("after a pause only the latest measurement counts", () => {
  const { run, state, governor } = machine(2);
  state.others = 1;
  assert.equal(run(1_000, 2), 1);
  state.at += 5_000;
  assert.equal(governor.load, 0);
  assert.equal(governor.threads(2), 2);
});

test("a short load counts in part, and processor times are read at most four times a second", () => {
  const state = { at: 0, all: 0, reads: 0 };
  const governor = new ThreadGovernor(
    4,
    () => {
      state.reads++;
      return { own: 0, all: state.all };
    },
    () => state.at,
  );
  state.all = 250;
  for (const at of [100, 249, 250, 260]) {
    state.at = at;
    assert.equal(governor.load, at < 250 ? 0 : 0.6, `${at} ms`);
  }
  assert.equal(state.reads, 2, "at the beginning and after 250 ms");
  state.at = 500;
  assert.ok(Math.abs(governor.load - 0.24) < 1e-9);
});

test("nothing changes where the platform reports no processor times", () => {
  let at = 0;
  const governor = new ThreadGovernor(
    4,
    () => ({ own: Number.NaN, all: 0 }),
    () => (at += 1_000),
  );
  for (let i = 0; i < 5; i++) assert.equal(governor.threads(4), 4);
});

test("other programs have the time of all processors that is neither idle nor this process's own", t => {
  const state = { at: 0, each: 0 };
  const cpu = () => ({
    model: "",
    speed: 0,
    times: { user: 4 * state.each, nice: 3 * state.each, sys: 2 * state.each, irq: state.each, idle: 9_000 },
  });
  t.mock.method(os, "cpus", () => [cpu(), cpu()]);
  syncBuiltinESMExports();
  // In microseconds.
  t.mock.method(process, "cpuUsage", () => ({ user: 6_000 * state.each, system: 4_000 * state.each }));
  const governor = new ThreadGovernor(2, undefined, () => state.at);
  Object.assign(state, { at: 2_000, each: 100 });
  assert.equal(governor.load, 0.5);
  t.mock.restoreAll();
  syncBuiltinESMExports();
});
