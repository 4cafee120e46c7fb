import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompletionTarget } from "../../../../server/completion/completionTarget.ts";
import { Suggestions } from "../../../../server/completion/suggestions.ts";
import { TextHash } from "../../../../server/text/textHash.ts";

const text = "a = su";
const snapshot = { uri: "file:///a.py", languageId: "python", version: 1, text, offset: text.length };
const start = { line: 0, character: 4 };
const target: CompletionTarget = {
  cursor: { snapshot, hash: new TextHash(text) },
  selected: "su",
  range: { start, end: { line: 0, character: 6 } },
  explicit: false,
};

function recorded() {
  const parts: string[] = [];
  const suggestions = new Suggestions({
    drafts: { accepted: (_, whole) => parts.push(whole), acceptedPart: (_, part) => parts.push(part) },
    shown: () => parts.push("shown"),
  });
  return { suggestions, parts };
}

test("only the generated part of a partly accepted item counts, not the selected word", () => {
  const { suggestions, parts } = recorded();
  const item = suggestions.begin(target).item("m(values)");
  suggestions.acceptedPart(item, "sum(".length);
  suggestions.acceptedPart(item, 1);
  suggestions.acceptedPart(undefined, 3);
  assert.deepEqual(parts, ["m(", ""]);
});

test("old suggestions are forgotten", () => {
  const { suggestions, parts } = recorded();
  const old = suggestions.begin(target).item("m");
  let latest = old;
  for (let count = 0; count < 20; count++) {
    latest = suggestions.begin(target).item(`m${count}`);
    if (count === 6) suggestions.accepted(old.command?.arguments);
  }
  assert.deepEqual(parts.splice(0), ["m"], "after seven further ones it is known");
  suggestions.accepted(old.command?.arguments);
  suggestions.accepted(latest.command?.arguments);
  assert.deepEqual(parts, ["m19"]);
});

test("a suggestion counts as shown when it is sent, until the client reports what it shows", () => {
  const { suggestions, parts } = recorded();
  const suggestion = suggestions.begin(target);
  const item = suggestions.send(suggestion, "m");
  assert.deepEqual(parts, ["shown"]);
  suggestions.shown(undefined);
  assert.deepEqual(parts, ["shown"], "an item that is not known");
  suggestions.send(suggestion, "m");
  assert.deepEqual(parts, ["shown"], "the client tells");
  suggestions.shown(item);
  assert.deepEqual(parts, ["shown", "shown"]);
});
