import assert from "node:assert/strict";
import { test } from "node:test";
import type { SuggestionEvent } from "../../../extension/figures/index.ts";
import { SuggestionWatch } from "../../../extension/suggestionWatch.ts";

const URI = "file:///a.py";
const SECOND_MS = 1_000;

function watched() {
  const events: SuggestionEvent[] = [];
  const clock = { now: 0 };
  const watch = new SuggestionWatch(
    event => void events.push(event),
    () => clock.now,
  );
  /** Shows a suggestion of eight characters and accepts it at the document's beginning. */
  const accept = () => {
    watch.shown(URI, 5);
    watch.shown(URI, 8);
    watch.edited(URI, [{ offset: 0, removed: 0, text: "a = b + c" }]);
    watch.accepted(1, " = b + c");
    watch.left();
  };
  return { watch, events, clock, accept };
}

test("a suggestion that was shown and not accepted is reported at once", () => {
  const { watch, events, clock } = watched();
  clock.now = 7;
  watch.shown(URI, 5);
  watch.shown(URI, 8);
  watch.left();
  watch.left();
  assert.deepEqual(events, [{ at: 7, shown: 8, accepted: 0, kept: [null, null, null] }]);
});

test("the remaining characters are counted at their times, whenever the document is edited", () => {
  const { watch, events, clock, accept } = watched();
  accept();
  const remove = () => watch.edited(URI, [{ offset: 1, removed: 1, text: "" }]);
  clock.now = 10 * SECOND_MS;
  remove();
  clock.now = 40 * SECOND_MS; // After 30 s seven were left; this removal counts for the next time.
  remove();
  assert.deepEqual(watch.pending(), [{ at: 0, shown: 8, accepted: 8, kept: [7, null, null] }]);
  assert.deepEqual(events, []);
  clock.now = 700 * SECOND_MS;
  remove();
  assert.deepEqual(events, [{ at: 0, shown: 8, accepted: 8, kept: [7, 6, 6] }]);
  assert.deepEqual(watch.pending(), []);
});

test("edits of other documents change nothing, and a closed document is no longer followed", () => {
  const { watch, events, clock, accept } = watched();
  accept();
  watch.edited("file:///other.py", [{ offset: 0, removed: 9, text: "" }]);
  clock.now = 31 * SECOND_MS;
  watch.closed("file:///other.py");
  assert.deepEqual(events, []);
  watch.closed(URI);
  assert.deepEqual(events, [{ at: 0, shown: 8, accepted: 8, kept: [8, null, null] }]);
});

test("a suggestion accepted word by word counts as one, and times count from its last word", () => {
  const { watch, events, clock } = watched();
  watch.shown(URI, 8);
  for (const [offset, text] of [
    [0, "one "],
    [4, "two "],
  ] as const) {
    clock.now += 40 * SECOND_MS;
    watch.edited(URI, [{ offset, removed: 0, text }]);
    watch.accepted(offset, text);
  }
  watch.left();
  clock.now = 100 * SECOND_MS;
  assert.deepEqual(watch.pending()[0]?.kept, [null, null, null]);
  watch.end();
  assert.deepEqual(events, [{ at: 0, shown: 8, accepted: 8, kept: [null, null, null] }]);
});

test("a closed document ends the suggestion on its screen, too, of which a part was accepted", () => {
  const { watch, events, clock } = watched();
  watch.shown(URI, 8);
  watch.edited(URI, [{ offset: 0, removed: 0, text: "one " }]);
  watch.accepted(0, "one ");
  watch.closed("file:///other.py");
  assert.deepEqual(events, []);
  watch.edited(URI, [{ offset: 4, removed: 0, text: "two " }]);
  watch.accepted(4, "two ");
  watch.closed(URI);
  watch.left();
  clock.now = 700 * SECOND_MS;
  watch.edited("file:///other.py", []);
  assert.deepEqual(events, [{ at: 0, shown: 8, accepted: 8, kept: [null, null, null] }]);
});

test("text that is accepted after its suggestion has left the screen does not count", () => {
  const { watch, events } = watched();
  watch.shown(URI, 4);
  watch.left();
  watch.accepted(0, "one ");
  watch.end();
  assert.deepEqual(events, [{ at: 0, shown: 4, accepted: 0, kept: [null, null, null] }]);
});

test("a suggestion that stays on the screen without being accepted has kept nothing", () => {
  const { watch, events, clock } = watched();
  watch.shown(URI, 4);
  clock.now = 700 * SECOND_MS;
  watch.edited(URI, [{ offset: 0, removed: 0, text: "a" }]);
  watch.left();
  assert.deepEqual(events, [{ at: 0, shown: 4, accepted: 0, kept: [null, null, null] }]);
});

test("an accepted part is counted at its times while the rest is still on the screen", () => {
  const { watch, clock } = watched();
  watch.shown(URI, 8);
  watch.edited(URI, [{ offset: 0, removed: 0, text: "one " }]);
  watch.accepted(0, "one ");
  clock.now = 30 * SECOND_MS;
  watch.edited(URI, [{ offset: 0, removed: 3, text: "" }]);
  watch.left();
  assert.deepEqual(watch.pending()[0]?.kept, [4, null, null], "the removal came after the first time");
});

test("a suggestion counts with its greatest length, and one on the screen when the window closes is reported", () => {
  const { watch, events, clock } = watched();
  watch.shown(URI, 8);
  watch.shown(URI, 5);
  watch.edited(URI, [{ offset: 0, removed: 0, text: "one " }]);
  watch.accepted(0, "one ");
  watch.edited(URI, [{ offset: 0, removed: 1, text: "" }]);
  clock.now = 30 * SECOND_MS;
  watch.end();
  assert.deepEqual(events, [{ at: 0, shown: 8, accepted: 4, kept: [3, null, null] }]);
});

test("a suggestion on the screen is forgotten with the others", () => {
  const { watch, events } = watched();
  watch.shown(URI, 8);
  watch.forget();
  watch.end();
  assert.deepEqual(events, []);
});

test("the oldest of too many followed suggestions is given up, and forgetting reports nothing", () => {
  const { watch, events, accept } = watched();
  for (let i = 0; i < 101; i++) accept();
  assert.equal(events.length, 1);
  watch.forget();
  watch.end();
  assert.equal(events.length, 1);
});
