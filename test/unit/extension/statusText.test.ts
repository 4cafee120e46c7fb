import assert from "node:assert/strict";
import { test } from "node:test";
import { type StatusView, statusText, statusTooltip } from "../../../extension/statusText.ts";
import type { Status } from "../../../server/protocol/messages.ts";

const last = {
  firstTextMs: 83.6,
  totalMs: 120,
  tokens: 9,
  steps: 4,
  drafted: 8,
  accepted: 5,
  finishReason: "endOfText" as const,
};
const model = { name: "Qwen2.5 Coder 1.5B Instruct", backend: "cpu", threads: 2 };
const ready: Status = { state: "ready", model, last, acceptance: 0.625, speedUp: 1.43 };
const text = (status: Status, view: Partial<StatusView> = {}) => statusText({ status, ...view });

test("the status bar shows model, back end, latency, gain and acceptance", () => {
  const short = { ...model, name: "Tiny" };
  assert.equal(text({ ...ready, model: short }), "$(zap) Tiny · cpu · 84 ms · 1.4× · 63%");
  assert.equal(text({ ...ready, model: undefined }), "$(zap) 84 ms · 1.4× · 63%");
  assert.equal(text({ state: "ready" }), "$(zap) Foretoken");
  const withoutText = { ...ready, last: { ...last, firstTextMs: undefined }, model: short };
  assert.equal(text(withoutText), "$(zap) Tiny · cpu · 1.4× · 63%", "a completion without text");
});

test("parts that do not fit are left out, and the latency is kept longest", () => {
  assert.equal(text(ready), "$(zap) Qwen2.5 Coder 1.5B · 84 ms · 1.4×");
  const long = { ...model, name: "A Model That Somebody Has Given a Long Name" };
  assert.equal(text({ ...ready, model: long }), "$(zap) 84 ms · 1.4× · 63%");
});

test("the speed-up is left out where drafts gain almost nothing", () => {
  assert.equal(text({ ...ready, model: undefined, speedUp: 1.01 }), "$(zap) 84 ms · 63%");
  assert.equal(text({ ...ready, model: undefined, speedUp: 1.1 }), "$(zap) 84 ms · 1.1× · 63%");
});

test("loading and fetching show their percentage, or a spinner where it is not known", () => {
  assert.equal(text({ state: "starting" }), "$(loading~spin) Foretoken");
  assert.equal(text({ state: "starting", loaded: 0.431 }), "$(sync) Foretoken 43%");
  assert.equal(text({ ...ready, loaded: 0.5 }), "$(sync) Foretoken 50%", "another model is loaded");
  const activity = { text: "qwen2.5-coder:7b: 12 of 4700 MB", done: 0.0026 };
  assert.equal(text(ready, { activity }), "$(sync) Foretoken 0%");
  assert.match(statusTooltip({ status: ready, activity }), /12 of 4700 MB/);
  assert.equal(text(ready, { activity: { ...activity, done: undefined } }), "$(loading~spin) Foretoken");
});

test("the icon tells work, rest and a note about the model apart", () => {
  const bare = { ...ready, model: undefined };
  assert.match(text({ ...bare, state: "working" }), /^\$\(sync\) 84 ms/);
  assert.match(text({ ...bare, notes: ["It has no end token."] }), /^\$\(warning\) 84 ms/);
  assert.equal(text({ ...ready, state: "asleep" }), "$(zap) Foretoken");
});

test("versions are no part of a model's short name", () => {
  assert.match(text({ ...ready, model: { ...model, name: "tiny-v0.3.gguf" } }), /^\$\(zap\) tiny · cpu/);
});

test("a running completion shows no animation, since the model needs the processors", () => {
  // VS Code turns its icon "loading" unasked.
  assert.doesNotMatch(text({ ...ready, state: "working" }), /spin|loading/);
});

test("a snooze is shown with the minutes left", () => {
  assert.equal(text(ready, { snoozedMinutes: 14 }), "$(bell-slash) 14 min");
  assert.match(statusTooltip({ status: ready, snoozedMinutes: 1 }), /^Foretoken is snoozed for 1 minute\./);
});

test("off for a language looks different from off and from on", () => {
  const states = [
    text({ state: "ready" }),
    text({ state: "ready" }, { languageOff: "go" }),
    text({ state: "off" }),
    text({ state: "error" }, { languageOff: "go" }),
  ];
  assert.deepEqual(states, [
    "$(zap) Foretoken",
    "$(circle-slash) Foretoken: go",
    "$(circle-slash) Foretoken",
    "$(error) Foretoken",
  ]);
  assert.match(
    statusTooltip({ status: { state: "ready" }, languageOff: "go" }),
    /off for the language go\.\n/,
  );
  assert.match(statusTooltip({ status: { state: "off" } }), /^Foretoken is off\.\n/);
});

test("the tooltip shows an error's remedy, the figures and why nothing is shown", () => {
  assert.match(
    statusTooltip({ status: { state: "error", message: "No model.", remedy: "Choose one." } }),
    /No model\.\nChoose one\./,
  );
  const whole = statusTooltip({ status: ready });
  assert.match(whole, /Model: Qwen2.5 Coder 1.5B Instruct, cpu, 2 threads/);
  assert.match(whole, /Decoding with drafts: 1.4× as fast as without/);
  const even = statusTooltip({ status: { ...ready, speedUp: 1.04 } });
  assert.match(even, /Decoding with drafts: as fast as without,/);
  const nothing = {
    uri: "file:///a",
    line: 0,
    character: 3,
    why: "There was nothing to show: the line ended.",
  };
  assert.match(
    statusTooltip({ status: { ...ready, nothing }, uri: "file:///a" }),
    /No suggestion: Line 1, column 4: There was nothing to show/,
  );
});

test("the tooltip gives the last completion, suggestions, and the sources that have drafted", () => {
  const source = { meanAcceptedLength: 1, searchMs: 1 };
  const status: Status = {
    ...ready,
    last: { ...last, tokens: 1, steps: 1 },
    suggestions: { shown: 7, accepted: 2 },
    sources: [
      { ...source, name: "ahead", proposed: 6, accepted: 4 },
      { ...source, name: "a source of tomorrow", proposed: 3, accepted: 1 },
      { ...source, name: "recent", proposed: 0, accepted: 0 },
    ],
  };
  const lines = statusTooltip({ status }).split("\n");
  for (const line of [
    "Last completion: first text after 84 ms, all after 120 ms",
    "1 token in 1 step, 5 of 8 drafted tokens accepted. It ended because the model had no more to say.",
    "Suggestions accepted since the start: 2 of 7",
    "Acceptance of drafts since the start: 63%",
    "From the text ahead: 4 of 6 accepted",
    "From a source of tomorrow: 1 of 3 accepted",
  ])
    assert.ok(lines.includes(line), line);
  assert.ok(!lines.some(line => line.includes("recent suggestions")));
  const loading = ["Foretoken is loading its model.", "No suggestion: The model is being loaded."];
  const starting = statusTooltip({ status: { ...status, state: "starting" } });
  assert.deepEqual(starting.split("\n"), [...loading, "Click for the menu."]);
});

test("the tooltip has no figures of an error, and none that are not known", () => {
  const failed: Status = { ...ready, state: "error", message: "No model.", remedy: "Choose one." };
  const lines = ["Foretoken: No model.", "Choose one.", "Click for the menu."];
  assert.deepEqual(statusTooltip({ status: failed }).split("\n"), lines);
  const idle = statusTooltip({ status: { state: "ready" } });
  assert.deepEqual(idle.split("\n"), ["Foretoken is on.", "Click for the menu."]);
});

test("the tooltip says why a datastore is not used", () => {
  const stores = [{ name: "python", tokens: 0, created: "", problem: "It is damaged." }];
  assert.match(
    statusTooltip({ status: { ...ready, stores } }),
    /Datastore python is not used: It is damaged\./,
  );
});

test("the tooltip shows how old a datastore is", () => {
  const age = (days: number) => {
    const created = new Date(Date.now() - (days + 0.5) * 86_400_000).toISOString();
    const status: Status = { ...ready, stores: [{ name: "python", tokens: 2_500_000, created }] };
    return /Datastore: python, 2\.5 million tokens, (.*)/.exec(statusTooltip({ status }))?.[1];
  };
  assert.deepEqual([0, 1, 2].map(age), ["built today", "built a day ago", "built 2 days ago"]);
});
