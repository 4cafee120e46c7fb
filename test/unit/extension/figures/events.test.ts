import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EventLog,
  joined,
  NO_EVENTS,
  readEvents,
  writeEvents,
} from "../../../../extension/figures/events.ts";

const LOG: EventLog = {
  requests: [
    {
      at: 1_000,
      kind: "shown",
      latency: { wait: 1.2, prompt: 20, decode: 30.5, editor: 60 },
      tokens: 9,
      steps: 4,
      decodeMs: 50,
      plainMs: 80.1,
      sources: [{ name: "document", proposed: 5, accepted: 3 }],
    },
    { at: 2_000, kind: "cached", tokens: 0, steps: 0, decodeMs: 0, sources: [] },
  ],
  suggestions: [{ at: 1_100, shown: 40, accepted: 12, kept: [12, 3, null] }],
};

test("written events are read back unchanged", () => {
  assert.deepEqual(readEvents(writeEvents(LOG)), LOG);
  assert.deepEqual(readEvents(writeEvents(NO_EVENTS)), NO_EVENTS);
  const cleared = { ...LOG, clearedAt: 500 };
  assert.deepEqual(readEvents(writeEvents(cleared)), cleared);
});

test("numbers are kept to a tenth of a millisecond", () => {
  const [request] = LOG.requests;
  const exact = { ...LOG, requests: [{ ...request, decodeMs: 1 / 3 }] } as EventLog;
  assert.equal(readEvents(writeEvents(exact)).requests[0]?.decodeMs, 0.3);
});

test("the readable part of a damaged file counts", () => {
  for (const text of [
    "",
    "{",
    "null",
    "5",
    "[]",
    '{"version":2}',
    '{"version":1}',
    '{"version":1,"requests":5}',
  ])
    assert.deepEqual(readEvents(text), NO_EVENTS, text);
  const saved = JSON.parse(writeEvents(LOG));
  saved.requests.unshift([], [1, 2], ["x", "shown", 1, 1, 1, 1, 1, 1, 1, 1], null);
  saved.requests.push([1, 5, 1, 1, 1, 1, 1, 1, 1, 1]);
  saved.suggestions.push([1], "x", [1, null, 3], [1, 2, null]);
  assert.deepEqual(readEvents(JSON.stringify(saved)), LOG);
  const [row] = saved.requests.slice(-3);
  const sources = [5, 1, 1, "document", null, 1, "document", 1, null, "ahead", 5, 3, "recent", 1];
  const damaged = { version: 1, requests: [[...row.slice(0, 10), ...sources]] };
  assert.deepEqual(readEvents(JSON.stringify(damaged)).requests[0]?.sources, [
    { name: "ahead", proposed: 5, accepted: 3 },
  ]);
});

test("the oldest events are forgotten", () => {
  const two = joined(LOG, LOG, 3);
  assert.deepEqual(
    two.requests.map(({ at }) => at),
    [1_000, 2_000, 2_000],
  );
  assert.equal(two.suggestions.length, 2);
  assert.equal(joined(LOG, LOG, 1).suggestions.length, 1);
});

test("events that are added late have their place by time", () => {
  const [early, late] = LOG.requests.map(request => ({ requests: [request], suggestions: [] }));
  assert.ok(early && late);
  assert.deepEqual(joined(late, early), { requests: LOG.requests, suggestions: [] });
});

test("events from before either log was cleared do not count", () => {
  const cleared = { ...NO_EVENTS, clearedAt: 1_100 };
  for (const log of [joined(LOG, cleared), joined(cleared, LOG)])
    assert.deepEqual(log, { requests: LOG.requests.slice(1), suggestions: [], clearedAt: 1_100 });
  assert.equal(joined(cleared, { ...NO_EVENTS, clearedAt: 5 }).clearedAt, 1_100);
});

test("times of zero are written and read as known", () => {
  const [request] = LOG.requests;
  assert.ok(request);
  const instant = { ...request, latency: { wait: 0, prompt: 0, decode: 0, editor: 0 }, plainMs: 0 };
  const log = { requests: [instant], suggestions: [] };
  assert.deepEqual(readEvents(writeEvents(log)), log);
});

test("ten thousand events of each kind take less than two megabytes", () => {
  const many = <T>(events: readonly T[]) =>
    Array.from({ length: 10_000 }, (_, i) => events[i % events.length] as T);
  const text = writeEvents({ requests: many(LOG.requests), suggestions: many(LOG.suggestions) });
  assert.ok(text.length < 2e6, `${text.length} bytes`);
});
