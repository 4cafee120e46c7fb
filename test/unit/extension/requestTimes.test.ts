import assert from "node:assert/strict";
import { test } from "node:test";
import { requestEvent } from "../../../extension/requestTimes.ts";
import type { EndedRequest, Timeline } from "../../../server/protocol/index.ts";

const TIMELINE: Timeline = { queuedMs: 10, promptMs: 12, prefilledMs: 50, firstTextMs: 80, endMs: 200 };
const ended = (more: Partial<EndedRequest> = {}): EndedRequest => ({
  outcome: { kind: "shown" },
  timeline: TIMELINE,
  ...more,
});

test("the time from the key to the text is divided completely into its parts", () => {
  const { latency, kind, at } = requestEvent(ended(), 150, 5) ?? {};
  assert.deepEqual([kind, at], ["shown", 5]);
  assert.deepEqual(latency, { wait: 10, prompt: 40, decode: 30, editor: 70 });
});

test("a completion that was already running when it was requested has no negative times", () => {
  const timeline = { ...TIMELINE, queuedMs: 0, prefilledMs: 0, firstTextMs: 3 };
  assert.deepEqual(requestEvent(ended({ timeline }), 2, 5)?.latency, {
    wait: 0,
    prompt: 0,
    decode: 3,
    editor: 0,
  });
  const unread = { ...TIMELINE, queuedMs: 90, prefilledMs: undefined };
  assert.deepEqual(requestEvent(ended({ timeline: unread }), 100, 5)?.latency, {
    wait: 80,
    prompt: 0,
    decode: 0,
    editor: 20,
  });
});

test("a remembered or unseen completion has no latency, and an aborted or suppressed one is ignored", () => {
  assert.equal(requestEvent(ended({ outcome: { kind: "cached" } }), 20, 5)?.latency, undefined);
  assert.equal(requestEvent(ended(), undefined, 5)?.latency, undefined);
  assert.equal(requestEvent(ended({ outcome: { kind: "aborted" } }), 20, 5), undefined);
  assert.equal(requestEvent(ended({ outcome: { kind: "suppressed", why: "off" } }), 20, 5), undefined);
});
