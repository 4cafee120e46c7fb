import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../../../server/model/session.ts";

const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal) =>
  new Promise<string>(resolve => signal.addEventListener("abort", () => resolve("aborted"), { once: true }));

test("a new request aborts the old one and waits for its end", async () => {
  const session = new Session();
  const order: string[] = [];
  const first = session.run(never, async signal => {
    await untilAborted(signal);
    await new Promise(resolve => setTimeout(resolve, 10));
    order.push("first ended");
    return 1;
  });
  await Promise.resolve();
  const second = session.run(never, async () => {
    order.push("second began");
    return 2;
  });
  assert.equal(await first, 1);
  assert.equal(await second, 2);
  assert.deepEqual(order, ["first ended", "second began"]);
});

test("the end of a replaced request does not make the session idle", async () => {
  const session = new Session();
  const first = session.run(never, untilAborted);
  await new Promise(setImmediate);
  const second = session.run(never, untilAborted);
  assert.equal(await first, "aborted");
  await new Promise(setImmediate);
  assert.deepEqual([session.idle, session.idleMs], [false, 0]);
  await session.stop();
  assert.deepEqual([session.idle, await second], [true, "aborted"]);
});

test("a request replaced before it began never runs", async () => {
  const session = new Session();
  let ran = false;
  const first = session.run(never, untilAborted);
  await new Promise(setImmediate);
  const second = session.run(never, async () => {
    ran = true;
  });
  const third = session.run(never, async () => 3);
  assert.deepEqual([await first, await second, await third], ["aborted", undefined, 3]);
  assert.equal(ran, false);
});

test("it is known whether a session is idle, and for how long", async () => {
  const session = new Session();
  const running = session.run(never, signal => untilAborted(signal));
  assert.deepEqual([session.idle, session.idleMs], [false, 0]);
  await session.stop();
  await running;
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(session.idle, true);
  assert.ok(session.idleMs >= 10, `${session.idleMs}`);
});

test("a failing request does not block the next", async () => {
  const session = new Session();
  await assert.rejects(
    session.run(never, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await session.run(never, async () => 2), 2);
});
