import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventLog, NO_EVENTS, type RequestEvent } from "../../../../extension/figures/events.ts";
import { summarize } from "../../../../extension/figures/summary.ts";

const request = (at: number, ms: number, more: Partial<RequestEvent> = {}): RequestEvent => ({
  at,
  kind: "shown",
  latency: { wait: 0, prompt: ms / 4, decode: ms / 2, editor: ms / 4 },
  tokens: 6,
  steps: 4,
  decodeMs: 100,
  plainMs: 150,
  sources: [
    { name: "recent", proposed: 1, accepted: 0 },
    { name: "document", proposed: 4, accepted: 2 },
  ],
  ...more,
});

test("a summary of no events has no figures", () => {
  const { latency, groups, speedUp, tokensPerDecode, sources, kept } = summarize(NO_EVENTS);
  assert.deepEqual(
    [latency, groups, speedUp, tokensPerDecode, sources],
    [undefined, [], undefined, undefined, []],
  );
  assert.ok(kept.every(({ accepted, kept: left }) => accepted === 0 && left === 0));
});

test("latency counts computed requests only, and a group's parts add up to its median", () => {
  const requests = [
    ...Array.from({ length: 100 }, (_, i) => request(i, 100 + i)),
    { at: 100, kind: "cached", tokens: 0, steps: 0, decodeMs: 0, sources: [] },
  ];
  const { latency, groups, answered, fromMemory } = summarize({ requests, suggestions: [] });
  assert.deepEqual(latency, { p50: 150, p90: 190 });
  assert.deepEqual([answered, fromMemory, groups.length], [101, 1, 40]);
  for (const { p50, p90, parts, count } of groups) {
    const sum = parts.wait + parts.prompt + parts.decode + parts.editor;
    assert.ok(Math.abs(sum - p50) < 1e-9 && p90 >= p50 && count > 0);
    assert.ok(Math.abs(parts.decode - p50 / 2) < 1e-9);
  }
});

test("a group has the times of its first and last completion, its own quantiles and parts of its middle half", () => {
  const slow = { wait: 1_000, prompt: 0, decode: 0, editor: 0 };
  const requests = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(at =>
    Array.from({ length: 40 }, (_, i) => request(40 * at + i, 100, i % 8 === 7 ? { latency: slow } : {})),
  );
  const { groups } = summarize({ requests, suggestions: [] });
  const [first] = groups;
  assert.deepEqual([first?.from, first?.to, first?.p50, first?.p90], [40, 47, 100, 1_000]);
  assert.equal(first?.parts.wait, 0, "the slowest quarter does not count");
});

test("a group's figures do not depend on the order of its completions, and times of zero have parts of zero", () => {
  const times = [400, 100, 300, 200];
  const requests = times.flatMap(ms =>
    Array.from({ length: 40 }, (_, i) => request(i, i % 4 === 0 ? 900 : ms)),
  );
  const { groups } = summarize({ requests, suggestions: [] });
  assert.deepEqual(
    groups.filter((_, i) => i % 10 === 0).map(({ p50, p90 }) => [p50, p90]),
    times.map(ms => [ms, 900]),
  );
  const [instant] = summarize({ requests: [request(1, 0)], suggestions: [] }).groups;
  assert.deepEqual(instant?.parts, { wait: 0, prompt: 0, decode: 0, editor: 0 });
});

test("every kind of answer from memory counts as one", () => {
  const kinds = ["cached", "typedThrough", "reindented", "empty"];
  const requests = kinds.map(kind => request(1, 1, { kind, latency: undefined }));
  assert.equal(summarize({ requests, suggestions: [] }).fromMemory, 3);
});

test("the speed-up is a ratio of times, over the requests for which it is known", () => {
  const unknown = request(3, 1, { decodeMs: 900 });
  const requests = [request(1, 1), request(2, 1, { plainMs: 100 }), { ...unknown, plainMs: undefined }];
  const { speedUp, tokensPerDecode } = summarize({ requests, suggestions: [] });
  assert.deepEqual([speedUp, tokensPerDecode], [1.25, 1.5]);
});

test("sources are named by the data, and those that drafted most come first", () => {
  const other = request(2, 1, { sources: [{ name: "a source of tomorrow", proposed: 9, accepted: 1 }] });
  const { sources } = summarize({ requests: [request(1, 1), request(1, 1), other], suggestions: [] });
  assert.deepEqual(sources, [
    { name: "a source of tomorrow", proposed: 9, accepted: 1 },
    { name: "document", proposed: 8, accepted: 4 },
    { name: "recent", proposed: 2, accepted: 0 },
  ]);
});

test("what is kept is counted among the suggestions that could be followed for that long", () => {
  const log: EventLog = {
    requests: [],
    suggestions: [
      { at: 1, shown: 50, accepted: 0, kept: [null, null, null] },
      { at: 2, shown: 40, accepted: 40, kept: [40, 30, 20] },
      { at: 3, shown: 10, accepted: 10, kept: [5, null, null] },
    ],
  };
  const { suggestions, characters, kept } = summarize(log);
  assert.deepEqual(
    [suggestions, characters],
    [
      { shown: 3, accepted: 2 },
      { shown: 100, accepted: 50 },
    ],
  );
  assert.deepEqual(kept, [
    { afterMs: 30_000, accepted: 50, kept: 45 },
    { afterMs: 120_000, accepted: 40, kept: 30 },
    { afterMs: 600_000, accepted: 40, kept: 20 },
  ]);
});
