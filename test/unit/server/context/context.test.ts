import assert from "node:assert/strict";
import { test } from "node:test";
import { contextFiles, identifiersAround, type OtherText } from "../../../../server/context/context.ts";

const AROUND = new Set(["total", "price", "quantity", "item", "basket", "discount"]);

let changes = 0;

const other = (path: string, text: string, editedLine?: number): OtherText => ({
  path,
  text,
  changed: ++changes,
  editedLine,
});

const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);

test("windows similar to the cursor's surroundings are chosen, at most four, the longest unchanged first", () => {
  const alike = "def total(item, quantity):\n    return price(item) * quantity * rate(country) + shipping\n";
  const others = [
    other("weather.py", "def forecast(wind, rain):\n    return storm\n"),
    ...["a.py", "b.py", "c.py", "d.py", "e.py"].map((path, i) => other(path, `${alike}extra_${i} = 1\n`)),
  ];
  assert.deepEqual(paths(contextFiles(AROUND, others)), ["a.py", "b.py", "c.py", "d.py"]);
});

test("the best sixty lines of a long file are shown, not all of it", () => {
  const lines = Array.from({ length: 400 }, (_, i) => `unrelated_${i} = other_${i}`);
  lines[230] = "total = price * quantity; item = basket; discount = none; a1b, b1c, c1d";
  const noise = lines.map((line, i) => (i % 3 === 0 ? line : "# x"));
  noise[230] = lines[230];
  const [file] = contextFiles(new Set([...AROUND]), [other("long.py", noise.join("\n"))]);
  assert.ok(file?.text.includes("total = price"));
  assert.equal(file?.text.split("\n").length, 60);
});

test("a window that is nearly the same as the surroundings is left out", () => {
  assert.deepEqual(contextFiles(AROUND, [other("copy.py", [...AROUND].join(" "))]), []);
});

test("the lines around a recent edit are shown, however dissimilar they are", () => {
  const text = Array.from({ length: 100 }, (_, i) => `line_${i} = 1`).join("\n");
  const [file] = contextFiles(AROUND, [other("edited.py", text, 50)]);
  assert.ok(file?.text.includes("line_50 = 1") && !file.text.includes("line_70"));
});

test("the lines around a recent edit come before windows that are more similar", () => {
  const alike = "def total(item, quantity):\n    return price(item) * quantity * rate(country) + shipping\n";
  const similar = ["a.py", "b.py", "c.py", "d.py"].map((path, i) => other(path, `${alike}extra_${i} = 1\n`));
  const edited = other("edited.py", "def forecast(wind, rain):\n    return storm\n", 0);
  assert.deepEqual(paths(contextFiles(AROUND, [...similar, edited])), ["a.py", "b.py", "c.py", "edited.py"]);
});

test("an edit of blank lines, or one like the surroundings, is not shown", () => {
  const blank = other("blank.py", `${"\n".repeat(60)}total = price * quantity\n`, 20);
  const copy = other("copy.py", [...AROUND].join(" "), 0);
  assert.deepEqual(contextFiles(AROUND, [blank, copy]), []);
});

test("no further file is examined when the time is up", () => {
  const others = [other("a.py", "total price"), other("b.py", "total price")];
  assert.deepEqual(
    contextFiles(AROUND, others, () => true),
    [],
  );
});

test("the identifiers around a place come from the lines on both sides", () => {
  const text = "first_name = 1\nlast_name = 2\n";
  assert.deepEqual([...identifiersAround(text, 15)], ["first_name", "last_name"]);
});
