import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LoadAttempts, stopRecordingLoads } from "../../../../server/engine/loadAttempts.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-attempts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let folders = 0;
/** Attempts of processes that can be ended, at times that can be chosen. */
function machine() {
  const directory = join(folder, String(folders++));
  const living = new Set<number>();
  const state = { now: 1_000_000_000 };
  const attempts = new LoadAttempts(
    directory,
    pid => living.has(pid),
    () => state.now,
  );
  return {
    attempts,
    state,
    directory,
    /** Writes the note of a process that loads or was interrupted while loading. */
    note(subject: string, pid: number, isAlive = false) {
      attempts.begin(subject);
      const [file] = readdirSync(join(directory, "attempts")).filter(name =>
        name.endsWith(`.${process.pid}.json`),
      );
      rmSync(join(directory, "attempts", file as string));
      writeFileSync(
        join(directory, "attempts", `x.${pid}.json`),
        JSON.stringify({ subject, pid, at: state.now }),
      );
      if (isAlive) living.add(pid);
    },
  };
}

test("one interruption proves nothing, and two at different times cause distrust", () => {
  const { attempts, note, state } = machine();
  note("vulkan 1", 11);
  assert.equal(attempts.isDistrusted("vulkan 1"), false);
  state.now += 60_000;
  note("vulkan 1", 12);
  assert.equal(attempts.isDistrusted("vulkan 1"), true);
  assert.equal(attempts.isDistrusted("vulkan 2"), false, "another release is another matter");
  assert.equal(attempts.isDistrusted("cuda 1"), false);
});

test("several windows that are closed while they load count as one interruption", () => {
  const { attempts, note, state } = machine();
  for (const pid of [21, 22, 23, 24]) {
    note("vulkan", pid);
    state.now += 500;
  }
  assert.equal(attempts.isDistrusted("vulkan"), false);
});

test("a server that ends at once each time it is started causes distrust before it is given up", () => {
  const { attempts, note, state } = machine();
  // The extension pauses for 1, 2, 4 and 8 seconds, and gives up after the fifth crash.
  for (const [i, pauseMs] of [1_000, 2_000, 4_000, 8_000].entries()) {
    note("vulkan", 51 + i);
    state.now += 800 + pauseMs;
  }
  assert.equal(attempts.isDistrusted("vulkan"), true);
});

test("loads that are running in other windows do not count", () => {
  const { attempts, note, state } = machine();
  for (const pid of [31, 32, 33]) {
    note("vulkan", pid, true);
    state.now += 60_000;
  }
  assert.equal(attempts.isDistrusted("vulkan"), false);
  state.now += 60 * 60_000;
  assert.equal(
    attempts.isDistrusted("vulkan"),
    true,
    "an hour later they are other processes of the same number",
  );
});

test("interruptions are forgotten after a day, on success and when the user asks for another try", () => {
  for (const forget of [
    ({ state }: ReturnType<typeof machine>) => {
      state.now += 25 * 60 * 60_000;
    },
    ({ attempts }: ReturnType<typeof machine>) => attempts.begin("vulkan").succeeded(),
    ({ attempts }: ReturnType<typeof machine>) => attempts.forget(),
  ]) {
    const here = machine();
    here.note("vulkan", 41);
    here.state.now += 60_000;
    here.note("vulkan", 42);
    assert.equal(here.attempts.isDistrusted("vulkan"), true);
    forget(here);
    assert.equal(here.attempts.isDistrusted("vulkan"), false);
  }
});

test("interruptions count in the order of their times, whatever the processes' numbers", () => {
  const { attempts, note, state } = machine();
  note("vulkan", 79);
  state.now += 60_000;
  note("vulkan", 71);
  assert.equal(attempts.isDistrusted("vulkan"), true);
});

test("another try that the user asks for does not forget loads that are under way", () => {
  const { attempts, note, state } = machine();
  note("vulkan", 61, true);
  assert.equal(attempts.wasInterrupted("vulkan"), false);
  attempts.forget();
  state.now += 60 * 60_000;
  assert.equal(attempts.wasInterrupted("vulkan"), true);
});

test("a success forgets the interruptions of its subject only", () => {
  const { attempts, note } = machine();
  note("vulkan", 81);
  note("cuda", 82);
  attempts.begin("vulkan").succeeded();
  assert.deepEqual(
    ["vulkan", "cuda"].map(subject => attempts.wasInterrupted(subject)),
    [false, true],
  );
});

test("a load that ends normally leaves nothing", () => {
  const { attempts, directory } = machine();
  attempts.begin("model").ended();
  assert.deepEqual(readdirSync(join(directory, "attempts")), []);
});

test("a folder that cannot be written or holds an invalid file causes no distrust", () => {
  const file = join(folder, "a file");
  writeFileSync(file, "");
  const attempts = new LoadAttempts(file);
  attempts.begin("model").ended();
  assert.equal(attempts.isDistrusted("model"), false);
  const { attempts: others, directory } = machine();
  others.begin("model").ended();
  writeFileSync(join(directory, "attempts", "rubbish.json"), "{");
  assert.equal(others.isDistrusted("model"), false);
});

test("interruptions in the future, from a time when the clock was wrong, do not count", () => {
  const { attempts, note, state } = machine();
  const { now } = state;
  for (const pid of [91, 92, 93]) {
    state.now += 400 * 24 * 60 * 60_000;
    note("vulkan", pid);
  }
  assert.equal(attempts.isDistrusted("vulkan"), false);
  state.now = now;
  assert.equal(attempts.isDistrusted("vulkan"), false);
});

test("a process that was told to end leaves no note of a load, however it ends", () => {
  const { attempts, directory } = machine();
  const notes = () => readdirSync(join(directory, "attempts"));
  const attempt = attempts.begin("model 1");
  assert.equal(notes().length, 1);
  stopRecordingLoads();
  assert.deepEqual(notes(), []);
  attempts.begin("model 2");
  assert.deepEqual(notes(), [], "nor of one that begins later");
  attempt.ended();
});
