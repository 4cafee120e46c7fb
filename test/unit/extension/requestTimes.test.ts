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

test("what was computed is taken over, and is nothing for an answer from memory", () => {
  const computed = {
    tokens: 9,
    steps: 4,
    decodeMs: 50,
    plainMs: 80,
    sources: [{ name: "document", proposed: 5, accepted: 3 }],
  };
  const {
    at: _,
    kind: __,
    latency: ___,
    ...figures
  } = requestEvent(ended({ computed } as object), 150, 5) ?? {};
  assert.deepEqual(figures, computed);
  const { tokens, steps, decodeMs, plainMs, sources } = requestEvent(ended(), 150, 5) ?? {};
  assert.deepEqual([tokens, steps, decodeMs, plainMs, sources], [0, 0, 0, undefined, []]);
});

test("a prompt that was read before computing began took no time", () => {
  const timeline = { ...TIMELINE, queuedMs: 60, prefilledMs: 50 };
  assert.deepEqual(requestEvent(ended({ timeline }), 150, 5)?.latency, {
    wait: 60,
    prompt: 0,
    decode: 20,
    editor: 70,
  });
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
