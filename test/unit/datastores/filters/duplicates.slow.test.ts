import assert from "node:assert/strict";
import { test } from "node:test";
import { Duplicates } from "../../../../datastores/filters/duplicates.ts";
import { sketchOf } from "../../../../datastores/filters/sketch.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** Code of `lines` lines, over a vocabulary so large that two samples share hardly any shingles. */
function code(seed: number, lines = 80): string {
  const random = seeded(seed);
  const name = () => `name_${Math.floor(random() * 5000)}`;
  return Array.from(
    { length: lines },
    () => `    ${name()} = ${name()}(${name()}, ${name()}.${name()})`,
  ).join("\n");
}

/** The text with the given share of its lines replaced, spread evenly. */
function edited(text: string, share: number): string {
  const lines = text.split("\n");
  const step = Math.round(1 / share);
  return lines
    .map((line, i) => (i % step === step - 1 ? `    changed_${i} = other_${i}()` : line))
    .join("\n");
}

test("the same text is an exact duplicate, however short, and another text is not", () => {
  const duplicates = new Duplicates();
  assert.equal(duplicates.see(sketchOf("import this\n")), undefined);
  assert.equal(duplicates.see(sketchOf("import this\n")), "exactDuplicate");
  assert.equal(duplicates.see(sketchOf("import this\r\n")), "exactDuplicate", "with other line ends");
  assert.equal(duplicates.see(sketchOf("import that\n")), undefined);
  assert.equal(duplicates.see(sketchOf(code(1))), undefined);
  assert.equal(duplicates.see(sketchOf(code(1))), "exactDuplicate");
  assert.equal(duplicates.size, 3);
});

test("each of ten thousand texts is found again after the tables have grown", () => {
  const duplicates = new Duplicates();
  const text = (i: number) => `value = ${i}\n`;
  for (let i = 0; i < 10_000; i++) assert.equal(duplicates.see(sketchOf(text(i))), undefined);
  for (let i = 0; i < 10_000; i++) assert.equal(duplicates.see(sketchOf(text(i))), "exactDuplicate");
});

test("a text with other layout, another header or one changed line is a near duplicate", () => {
  const duplicates = new Duplicates();
  const original = code(2);
  assert.equal(duplicates.see(sketchOf(original)), undefined);
  assert.equal(
    duplicates.see(sketchOf(original.replaceAll("    ", "\t").replaceAll(" = ", "="))),
    "nearDuplicate",
  );
  assert.equal(
    duplicates.see(sketchOf(`# Copyright 2020 by somebody else\n\n${original}\n`)),
    "nearDuplicate",
  );
  assert.equal(duplicates.see(sketchOf(original.replace(/name_\d+ =/, "renamed ="))), "nearDuplicate");
  assert.equal(duplicates.size, 1);
});

test("texts that share half their lines, or only words, are kept", () => {
  const duplicates = new Duplicates();
  const original = code(3);
  assert.equal(duplicates.see(sketchOf(original)), undefined);
  assert.equal(duplicates.see(sketchOf(edited(original, 1 / 3))), undefined);
  assert.equal(duplicates.see(sketchOf(original.split(/\b/).sort().join(" "))), undefined);
  assert.equal(duplicates.see(sketchOf(code(4))), undefined);
});

test("nearly all near duplicates of thousands of texts are found, and almost no different ones are dropped", () => {
  const duplicates = new Duplicates();
  const texts = Array.from({ length: 1500 }, (_, i) => code(100 + i));
  for (const text of texts) assert.equal(duplicates.see(sketchOf(text)), undefined);
  const found = texts.filter(
    text => duplicates.see(sketchOf(edited(text, 1 / 40))) === "nearDuplicate",
  ).length;
  assert.ok(found > 0.97 * texts.length, `${found} of ${texts.length}`);
  const unlike = texts.filter(text => duplicates.see(sketchOf(edited(text, 1 / 8))) !== undefined).length;
  assert.ok(unlike < 0.03 * texts.length, `${unlike} of ${texts.length}`);
});

/** A sketch with these rows; texts with the same number have the same hash. */
function sketchWith(rows: Uint8Array, text: number): Uint8Array {
  const sketch = new Uint8Array(8 + 128);
  new DataView(sketch.buffer).setFloat64(0, text + 1);
  sketch.set(rows, 8);
  return sketch;
}

function agreeingRows(a: Uint8Array, b: Uint8Array, from: number, end: number): number {
  let count = 0;
  for (let row = from; row < end; row++) if (a[row] === b[row]) count++;
  return count;
}

test("of files that share one of nine bands, exactly those that agree in 109 of 128 rows are near duplicates", () => {
  const random = seeded(61);
  // 0.85 of the rows, and one in 256 of the others by chance.
  const NEAR_ROWS = 109;
  const duplicates = new Duplicates(500);
  const remembered: Uint8Array[] = [];
  const texts = new Set<number>();
  const counts = { near: 0, exact: 0, unlike: 0 };
  for (let file = 0; file < 2000; file++) {
    const rows = Uint8Array.from({ length: 128 }, () => below(random, 256));
    const like = remembered[below(random, remembered.length + 1)];
    if (like && below(random, 4) > 0) {
      rows.set(like);
      // The changed rows leave a band whole, or are spread over all rows.
      const kept = below(random, 10);
      for (let change = below(random, 40); change > 0; change--) {
        const row = below(random, 128);
        if (kept === 9 || Math.floor(row / 13) !== kept) rows[row] = below(random, 256);
      }
    }
    const text = below(random, 10) === 0 ? below(random, file + 1) : file;
    const agreeing = remembered.map(other => agreeingRows(rows, other, 0, 128));
    const sharesBand = (other: Uint8Array) =>
      [0, 13, 26, 39, 52, 65, 78, 91, 104].some(from => agreeingRows(rows, other, from, from + 13) === 13);
    const isFull = duplicates.size === 500;
    const seen = duplicates.see(sketchWith(rows, text));
    if (texts.has(text)) {
      assert.equal(seen, "exactDuplicate");
      counts.exact++;
      continue;
    }
    assert.notEqual(seen, "exactDuplicate");
    if (!isFull) texts.add(text);
    const isNear = agreeing.some((count, i) => count >= NEAR_ROWS && sharesBand(remembered[i]!));
    if (isNear) assert.equal(seen, "nearDuplicate", `file ${file}`);
    else if (agreeing.every(count => count < NEAR_ROWS)) assert.equal(seen, undefined, `file ${file}`);
    counts[seen === undefined ? "unlike" : "near"]++;
    if (seen === undefined && !isFull) remembered.push(rows);
    assert.equal(duplicates.size, remembered.length);
  }
  assert.equal(duplicates.size, 500);
  assert.ok(counts.near > 500 && counts.exact > 50 && counts.unlike > 800, JSON.stringify(counts));
});

test("nothing more is remembered beyond the limit, and earlier texts are still found", () => {
  const duplicates = new Duplicates(2);
  assert.equal(duplicates.see(sketchOf(code(5))), undefined);
  assert.equal(duplicates.see(sketchOf(code(6))), undefined);
  assert.equal(duplicates.see(sketchOf(code(7))), undefined);
  assert.equal(duplicates.see(sketchOf(code(7))), undefined);
  assert.equal(duplicates.see(sketchOf(code(5))), "exactDuplicate");
  assert.equal(duplicates.see(sketchOf(`${code(6)}\npass`)), "nearDuplicate");
  assert.equal(duplicates.size, 2);
});

test("memory stays below 240 bytes per file", () => {
  const duplicates = new Duplicates();
  const random = seeded(9);
  // As many signatures as one block holds.
  const files = 65_536;
  for (let i = 0; i < files; i++)
    duplicates.see(sketchOf(Array.from({ length: 26 }, () => `w${Math.floor(random() * 1e9)}`).join(" ")));
  assert.equal(duplicates.size, files);
  assert.ok(duplicates.memoryBytes < 240 * files, `${duplicates.memoryBytes / files} bytes a file`);
});
