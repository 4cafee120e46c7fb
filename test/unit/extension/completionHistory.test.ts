import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CompletionHistory } from "../../../extension/completionHistory.ts";
import { MOST_EVENTS, type RequestEvent, summarize, writeEvents } from "../../../extension/figures/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-history-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const request = (at: number): RequestEvent => ({
  at,
  kind: "shown",
  latency: { wait: 1, prompt: 20, decode: 30, editor: 60 },
  tokens: 9,
  steps: 4,
  decodeMs: 50,
  plainMs: 80,
  sources: [{ name: "document", proposed: 5, accepted: 3 }],
});
const fail = (message: string) => assert.fail(message);
const times = (history: CompletionHistory) => history.read().requests.map(({ at }) => at);

test("two windows add to the same history, which outlives both", () => {
  const folder = join(scratch, "two");
  const [one, two] = [new CompletionHistory(folder, fail), new CompletionHistory(folder, fail)];
  one.addRequest(request(1));
  two.addRequest(request(2));
  assert.equal(existsSync(folder), false, "nothing is written for a single event");
  one.save();
  two.save();
  one.save();
  assert.deepEqual(times(new CompletionHistory(folder, fail)), [1, 2]);
  one.addRequest(request(3));
  assert.deepEqual(times(one), [1, 2, 3]);
  one.clear();
  assert.deepEqual([times(one), times(two)], [[], []]);
});

test("clearing reaches what other windows have recorded and not yet written, and nothing that follows", () => {
  const folder = join(scratch, "cleared");
  const now = () => 2;
  const [one, two] = [new CompletionHistory(folder, fail, now), new CompletionHistory(folder, fail, now)];
  one.addRequest(request(1));
  two.addRequest(request(1));
  two.addSuggestion({ at: 2, shown: 4, accepted: 0, kept: [null, null, null] });
  one.clear();
  two.addRequest(request(3));
  assert.deepEqual(times(two), [3]);
  two.save();
  one.addRequest(request(4));
  one.save();
  const { requests, suggestions } = new CompletionHistory(folder, fail).read();
  assert.deepEqual([requests.map(({ at }) => at), suggestions], [[3, 4], []]);
});

test("the events of two windows are in order, whichever window writes first", () => {
  const folder = join(scratch, "order");
  const [one, two] = [new CompletionHistory(folder, fail), new CompletionHistory(folder, fail)];
  one.addRequest(request(1));
  two.addRequest(request(2));
  two.save();
  one.save();
  assert.deepEqual(times(new CompletionHistory(folder, fail)), [1, 2]);
});

test("without new events nothing is written, and suggestions are events, too", () => {
  const folder = join(scratch, "empty");
  const history = new CompletionHistory(folder, fail);
  history.save();
  assert.equal(existsSync(folder), false);
  const suggestion = { shown: 4, accepted: 0, kept: [null, null, null] };
  for (let at = 0; at < 199; at++) history.addSuggestion({ at, ...suggestion });
  assert.equal(existsSync(folder), false, "they wait");
  history.addSuggestion({ at: 199, ...suggestion });
  assert.equal(new CompletionHistory(folder, fail).read().suggestions.length, 200);
});

test("requests and suggestions count together, and as many of both are written as well", () => {
  const folder = join(scratch, "both");
  const history = new CompletionHistory(folder, fail);
  const add = (at: number) => {
    history.addRequest(request(at));
    history.addSuggestion({ at, shown: 4, accepted: 0, kept: [null, null, null] });
  };
  const written = () => {
    const { requests, suggestions } = new CompletionHistory(folder, fail).read();
    return [requests.length, suggestions.length];
  };
  for (let at = 0; at < 99; at++) add(at);
  assert.equal(existsSync(folder), false, "they wait");
  add(99);
  assert.deepEqual(written(), [100, 100]);
  add(100);
  history.save();
  assert.deepEqual(written(), [101, 101]);
});

test("events are saved automatically from time to time", () => {
  const folder = join(scratch, "many");
  const history = new CompletionHistory(folder, fail);
  for (let i = 0; i < 450; i++) history.addRequest(request(i));
  assert.equal(times(new CompletionHistory(folder, fail)).length, 400);
  assert.equal(times(history).length, 450);
});

test("a history that cannot be written is reported, and its events are still known", () => {
  const file = join(scratch, "file");
  writeFileSync(file, "");
  const warnings: string[] = [];
  const history = new CompletionHistory(join(file, "below"), message => void warnings.push(message));
  history.addRequest(request(1));
  history.save();
  assert.match(warnings.join("\n"), /history of completions cannot be written/);
  assert.deepEqual(times(history), [1]);
});

test("a history that cannot be read is not replaced by the events of one window", () => {
  const folder = join(scratch, "unreadable");
  mkdirSync(folder);
  const file = join(folder, "history.json");
  symlinkSync(file, file);
  const warnings: string[] = [];
  const history = new CompletionHistory(folder, message => void warnings.push(message));
  history.addRequest(request(2));
  history.save();
  assert.match(warnings.join("\n"), /history of completions cannot be written/);
  assert.deepEqual(times(history), [2]);
  rmSync(file);
  writeFileSync(file, writeEvents({ requests: [request(1)], suggestions: [] }));
  history.save();
  assert.deepEqual(times(new CompletionHistory(folder, fail)), [1, 2]);
});

test("ten thousand events are read and summarised within a second", context => {
  const folder = join(scratch, "full");
  const history = new CompletionHistory(folder, fail);
  history.addRequest(request(1));
  history.save();
  const requests = Array.from({ length: MOST_EVENTS }, (_, i) => request(i));
  const suggestions = requests.map(({ at }) => ({ at, shown: 40, accepted: 20, kept: [20, 10, 5] }));
  writeFileSync(join(folder, "history.json"), writeEvents({ requests, suggestions }));
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    assert.equal(summarize(history.read()).answered, MOST_EVENTS);
    return performance.now() - start;
  });
  // The fastest run counts, since other programs on the machine are not to be measured.
  const ms = Math.min(...times);
  context.diagnostic(`${ms.toFixed(0)} ms`);
  assert.ok(ms < 1_000, `${times} ms`);
});
