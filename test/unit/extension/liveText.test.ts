import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveText } from "../../../extension/liveText.ts";

const live = (text: string, known = "") => {
  const made = new LiveText("file:///a.py", 10, known);
  if (text) made.grow(text);
  return made;
};

test("a live text is only ever extended", () => {
  const text = live("return");
  assert.equal(text.grow("return a"), true);
  assert.equal(text.grow("raise"), false);
  assert.equal(text.grow("return a"), false);
  assert.equal(text.text, "return a");
});

test("typing that agrees leaves the remainder, and other typing leaves nothing", () => {
  const text = live("return a");
  assert.equal(text.remainder("ret"), "urn a");
  assert.equal(text.remainder("rex"), undefined);
  assert.ok(text.agrees("return a") && !text.agrees("rex"));
});

test("typing ahead of the model agrees only while more text may come", () => {
  const text = live("ret");
  assert.ok(text.agrees("return"));
  assert.ok(!text.agrees("rex"));
  text.finish();
  assert.ok(!text.agrees("return"));
});

test("typing before there is any text needs a new request", () => {
  const text = live("");
  assert.ok(text.agrees(""));
  assert.ok(!text.agrees("r"));
});

test("what a request knows of agrees before there is any text, and after an end without one", () => {
  const text = live("", "ret");
  assert.ok(text.agrees("ret"));
  assert.ok(!text.agrees("") && !text.agrees("re") && !text.agrees("retu"));
  text.finish();
  assert.ok(text.agrees("ret"));
  assert.equal(text.remainder("ret"), undefined);
});

test("waiting callers wake when the text grows and when it ends", async () => {
  const text = live("");
  const grown = text.change();
  text.grow("a");
  await grown;
  const ended = text.change();
  text.finish();
  await ended;
  await text.change();
});

test("a caller that waits for the whole text does not wake before its end", async () => {
  const text = live("");
  let isWhole = false;
  const whole = text.whole().then(() => {
    isWhole = true;
  });
  text.grow("a");
  await new Promise(setImmediate);
  assert.equal(isWhole, false);
  text.finish();
  await whole;
});

test("a text that ends where the user has typed to leaves what follows to a new request", () => {
  const text = live("return a");
  assert.ok(!text.isOver("return a"), "it may still grow");
  text.finish();
  assert.ok(text.isOver("return a"));
  assert.ok(!text.isOver("return"), "it has more to say");
  assert.ok(text.isOver("return b"), "it continues differently");
});

test("a text that ends without characters has said that nothing follows", () => {
  const text = live("");
  text.finish();
  assert.ok(!text.isOver(""));
});
