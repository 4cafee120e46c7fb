import assert from "node:assert/strict";
import { test } from "node:test";
import { Duplicates } from "../../../../datastores/filters/duplicates.ts";
import { sketchOf } from "../../../../datastores/filters/sketch.ts";
import { seeded } from "../../../fakes/random.ts";

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
