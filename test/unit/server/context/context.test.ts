import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contextFiles,
  identifiersAround,
  likeness,
  type OtherText,
} from "../../../../server/context/context.ts";
import { below, seeded } from "../../../fakes/random.ts";

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

test("thirty lines on either side of a place are around it, as far as 4,800 characters", () => {
  const text = Array.from({ length: 200 }, (_, i) => `name_${i}\n`).join("");
  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `name_${from + i}`);
  // The cursor's own line is one of the thirty on either side: its beginning above, its end below.
  assert.deepEqual([...identifiersAround(text, text.indexOf("name_100"))], names(71, 130));
  const long = `${"first_name "}${" ".repeat(4800)}near_name ${" ".repeat(4790)}last_name`;
  assert.deepEqual([...identifiersAround(long, 4811)], ["near_name"]);
  assert.deepEqual([...identifiersAround(long, 4800)], ["first_name", "near_name"]);
});

test("the likeness of two sets is the share of all their members that both have", () => {
  const [none, some, more] = [new Set<string>(), new Set(["a", "b"]), new Set(["b", "c", "d"])];
  assert.deepEqual([likeness(some, more), likeness(more, some), likeness(some, some)], [0.25, 0.25, 1]);
  assert.deepEqual([likeness(none, some), likeness(some, none), likeness(none, none)], [0, 0, 0]);
});

/** The windows that are to be shown, worked out one by one. */
function expectedWindows(around: ReadonlySet<string>, others: readonly OtherText[]) {
  const alike = (lines: readonly string[]) => {
    const own = new Set(lines.join("\n").match(/\w{3,}/g) ?? []);
    return [...own].filter(name => around.has(name)).length / new Set([...around, ...own]).size;
  };
  const edited = others.filter(({ editedLine }) => editedLine !== undefined);
  const latest = edited.sort((a, b) => b.changed - a.changed).slice(0, 2);
  const windows = others.flatMap(other => {
    const lines = other.text.split("\n");
    if (latest.includes(other)) {
      const middle = other.editedLine ?? 0;
      const window = lines.filter((_, i) => i >= middle - 10 && i < middle + 10);
      const own = alike(window);
      return own > 0.5 || window.join("").trim() === "" ? [] : [{ other, window, rank: 1 + own }];
    }
    const starts = [0, ...lines.keys()].filter(
      from => from % 20 === 0 && (from === 0 || from + 40 < lines.length),
    );
    const found = starts
      .map(from => lines.slice(from, from + 60))
      .map(window => ({ other, window, rank: alike(window) }))
      .filter(({ rank }) => rank >= 0.05 && rank <= 0.5);
    return found.sort((a, b) => b.rank - a.rank).slice(0, 1);
  });
  return windows
    .sort((a, b) => b.rank - a.rank || a.other.path.localeCompare(b.other.path))
    .slice(0, 4)
    .sort((a, b) => a.other.changed - b.other.changed)
    .map(({ other, window }) => ({ path: other.path, text: window.join("\n") }));
}

test("the windows shown are those that a look at each of them chooses", () => {
  const random = seeded(19);
  const around = new Set(Array.from({ length: 20 }, (_, i) => `name${i}`));
  for (let round = 0; round < 150; round++) {
    const others = Array.from({ length: below(random, 9) }, (_, i): OtherText => {
      const [density, known] = [random() ** 2, 20 + below(random, 60)];
      const line = () =>
        random() < density ? `name${below(random, known)} ${random() < 0.5 ? "ab" : ""}` : "";
      const lines = Array.from({ length: 1 + below(random, 130) }, line);
      const editedLine = random() < 0.4 ? below(random, lines.length) : undefined;
      return {
        path: `${"cab"[i % 3]}${i}.py`,
        text: lines.join("\n"),
        changed: (7 * i + round) % 9,
        editedLine,
      };
    });
    // Asked again, when the windows' identifiers are known.
    for (let asked = 0; asked < 2; asked++)
      assert.deepEqual(contextFiles(around, others), expectedWindows(around, others));
  }
});
