import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorsOf, whyNothing } from "../../../extension/whyNothing.ts";
import type { Status } from "../../../server/protocol/messages.ts";

const uri = "file:///a.py";
const nothing = { uri, line: 2, character: 4, why: "There was nothing to show: the line ended." };
const ready: Status = { state: "ready", nothing };

test("the server's reason is shown with its place, and only in its own document", () => {
  assert.equal(whyNothing(ready, { uri }), `Line 3, column 5: ${nothing.why}`);
  assert.equal(whyNothing(ready, { uri: "file:///b.py" }), undefined);
  assert.equal(whyNothing({ state: "ready" }, { uri }), undefined);
});

test("reasons for not asking the server come first", () => {
  const reasons = [
    whyNothing({ ...ready, state: "off" }, { uri, snoozedMinutes: 3 }),
    whyNothing(ready, { uri: "git:/a.py", unofferedScheme: "git", languageOff: "go" }),
    whyNothing(ready, { uri, languageOff: "go", snoozedMinutes: 3 }),
    whyNothing(ready, { uri, snoozedMinutes: 1, cursors: "several" }),
    whyNothing(ready, { uri, cursors: "several" }),
    whyNothing(ready, { uri, cursors: "selection" }),
  ];
  assert.deepEqual(reasons, [
    'Completions are switched off ("foretoken.enabled").',
    'Completions are offered in files, notebooks and untitled documents, not in "git:".',
    'Completions are off for the language go ("foretoken.languages").',
    "Completions are snoozed for 1 minute.",
    "There are several cursors.",
    "Text is selected.",
  ]);
});

test("several cursors are told from a selection, and one cursor is no reason", () => {
  const [cursor, selection] = [{ isEmpty: true }, { isEmpty: false }];
  assert.deepEqual([[], [cursor], [selection], [cursor, cursor], [selection, cursor]].map(cursorsOf), [
    undefined,
    undefined,
    "selection",
    "several",
    "several",
  ]);
});

test("the reason without a model is its error, or that it is being loaded", () => {
  assert.equal(
    whyNothing({ state: "error", message: "No model.", remedy: "Choose one." }, {}),
    "No model. Choose one.",
  );
  assert.equal(whyNothing({ state: "starting" }, { uri }), "The model is being loaded.");
  assert.equal(whyNothing({ ...ready, loaded: 0.5 }, { uri }), "The model is being loaded.");
});
