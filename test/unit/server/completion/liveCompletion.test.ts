import assert from "node:assert/strict";
import { test } from "node:test";
import { isGivenUp, LiveCompletion, survives } from "../../../../server/completion/liveCompletion.ts";
import { TokenUsage } from "../../../../server/completion/tokenUsage.ts";
import { type Cursor, placeOf } from "../../../../server/text/documentPosition.ts";
import { TextHash } from "../../../../server/text/textHash.ts";
import { below, seeded } from "../../../fakes/random.ts";

const cursor = (before: string, after = "", uri = "file:///a.py"): Cursor => {
  const text = before + after;
  return {
    snapshot: { uri, languageId: "python", version: 1, text, offset: before.length },
    hash: new TextHash(text),
  };
};

const begun = () => new LiveCompletion(cursor("a = "), new TokenUsage().begin(), false);

test("a completion is given up a fifth of a second after its last request has left, unless another comes", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const live = begun();
  t.mock.timers.tick(5000);
  assert.deepEqual([live.awaited, live.signal.aborted], [false, false], "nobody has asked for it");
  const [leave, leaveToo] = [live.join(), live.join()];
  assert.ok(live.awaited);
  leave();
  t.mock.timers.tick(5000);
  assert.equal(live.signal.aborted, false, "one request is left");
  leaveToo();
  t.mock.timers.tick(199);
  const leaveLast = live.join();
  t.mock.timers.tick(5000);
  assert.equal(live.signal.aborted, false, "another request has come");
  leaveLast();
  t.mock.timers.tick(199);
  assert.equal(live.signal.aborted, false);
  t.mock.timers.tick(1);
  assert.equal(live.signal.aborted, true);
});

test("a completion that has ended is not aborted when its requests leave", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const order of ["left first", "ended first"]) {
    const live = begun();
    const leave = live.join();
    if (order === "left first") leave();
    live.finish({ kind: "replaced" });
    if (order === "ended first") leave();
    t.mock.timers.tick(5000);
    assert.deepEqual([live.signal.aborted, live.done, live.end], [false, true, { kind: "replaced" }], order);
    await live.whole();
  }
});

test("completions that were aborted or replaced are given up, and faulty or whole ones are not", () => {
  const completed = (finishReason: string) =>
    isGivenUp({ kind: "completed", completion: { finishReason } } as Parameters<typeof isGivenUp>[0]);
  assert.deepEqual(["aborted", "lineEnd", "failed"].map(completed), [true, false, false]);
  assert.deepEqual([isGivenUp({ kind: "replaced" }), isGivenUp({ kind: "modelReplaced" })], [true, true]);
  assert.equal(isGivenUp({ kind: "faulty", error: 1 }), false);
});

test("a completion serves what was typed at its place, up to two hundred characters beyond its text", () => {
  const live = begun();
  live.grow("first");
  const typed = (text: string) => live.typed(cursor(`a = ${text}`));
  assert.deepEqual(["", "fi", "x"].map(typed), ["", "fi", "x"]);
  assert.equal(live.typed(cursor("b = fi")), undefined);
  const most = 2 * ("first".length + 200);
  assert.equal(typed("x".repeat(most))?.length, most, "line feeds may be typed as two characters");
  assert.equal(typed("x".repeat(most + 1)), undefined);
});

test("a text survives the edits that type its beginning at its place, brackets closed by the editor included, and no others", () => {
  const random = seeded(27);
  const text = (most: number) =>
    Array.from({ length: below(random, most + 1) }, () => "a(["[below(random, 3)]).join("");
  let survived = 0;
  for (let round = 0; round < 4000; round++) {
    const [before, after, generated] = [text(3), text(3), text(4)];
    const done = random() < 0.5;
    const typed = generated.slice(0, below(random, generated.length + 1)) + (random() < 0.3 ? text(2) : "");
    const closed = random() < 0.3 ? ({ "(": ")", "[": "]" }[typed.at(-1) ?? ""] ?? "") : "";
    const [start, end] = [random() < 0.9 ? before : text(3), random() < 0.9 ? after : text(3)];
    const edited = start + typed + closed + end;
    const place = placeOf(cursor(before, after));
    // Whatever the edit was, all that counts is what now stands between the same beginning and the same end.
    const fits =
      edited.length >= (before + after).length && edited.startsWith(before) && edited.endsWith(after);
    const now = edited.slice(before.length, edited.length - after.length);
    const mayBecome = (part: string) =>
      generated.startsWith(part) || (!done && generated !== "" && part.startsWith(generated));
    const expected = fits && (mayBecome(now) || (/(\(\)|\[\])$/.test(now) && mayBecome(now.slice(0, -1))));
    const where = cursor(edited.slice(0, below(random, edited.length + 1)), "");
    const document = cursor(edited);
    const moved = { ...document, snapshot: { ...document.snapshot, offset: where.snapshot.offset } };
    assert.equal(
      survives(place, generated, done, moved),
      expected,
      JSON.stringify({ before, after, generated, edited, done }),
    );
    if (expected) survived++;
  }
  assert.ok(survived > 1000 && survived < 3600, `${survived} of 4000`);
});
