import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueModel } from "../../../../server/catalogue/catalogue.ts";
import { type MachineFacts, modelChoices, neededBytes } from "../../../../server/catalogue/choices.ts";

const hash = "ab".repeat(32);
function model(
  name: string,
  billions: number,
  bytes: number | undefined,
  more: Partial<CatalogueModel> = {},
) {
  const file = { quantisation: "Q8_0", repository: "a/b", revision: "main" };
  return {
    name,
    title: name,
    parameters: billions * 1e9,
    licence: { name: "MIT", commercial: "yes" },
    files: [bytes === undefined ? { ...file, sha256: hash } : { ...file, bytes }],
    ...more,
  } as const satisfies CatalogueModel;
}
const SMALL = model("m:small", 0.5, 0.5e9);
const MIDDLE = model("m:middle", 1.5, 1.6e9);
const RESEARCH = model("m:research", 2, 1.7e9, { licence: { name: "R", commercial: "no" } });
const LARGE = model("m:large", 7, 8e9);
const UNKNOWN = model("m:unknown", 14, undefined);
const SPARSE = model("m:sparse", 30, 10e9, { activeParameters: 1e9 });
const models = [SMALL, MIDDLE, RESEARCH, LARGE, UNKNOWN];

/** A model of 100 MB that takes 5 ms a token: a line of 0.5 GB takes 270 ms, one of 1.6 GB 864. */
const measured = { fileBytes: 100e6, tokenMs: 5, prefillMsPerToken: 1 };
const machine = (memoryBytes: number, more: Partial<MachineFacts> = {}): MachineFacts => ({
  memoryBytes,
  measured,
  ...more,
});
const names = (facts: MachineFacts, of: readonly CatalogueModel[] = models) =>
  modelChoices(of, [], [], facts).map(({ reference }) => reference);

test("the largest model that fits, is fast and allows commercial use is recommended and comes first", () => {
  const choices = modelChoices(models, [], [], machine(16e9));
  assert.deepEqual(
    choices.filter(({ recommended }) => recommended).map(({ reference }) => reference),
    ["m:middle"],
  );
  assert.equal(choices[0]?.reference, "m:middle");
  assert.equal(Math.round(choices[0]?.lineMs ?? 0), 864);
});

test("a smaller model is recommended for a slower machine or one with less memory", () => {
  const slow = machine(16e9, { measured: { ...measured, tokenMs: 15 } });
  assert.equal(names(slow)[0], "m:small");
  assert.equal(names(machine(3e9))[0], "m:small");
  const none = modelChoices(models, [], [], machine(1e9));
  assert.ok(none.every(({ recommended }) => !recommended));
});

test("nothing is recommended before the machine is known", () => {
  const choices = modelChoices(models, [], [], { memoryBytes: 64e9 });
  assert.ok(choices.every(({ recommended, lineMs }) => !recommended && lineMs === undefined));
});

test("a model with few active parameters is as fast as those parameters", () => {
  const [choice] = modelChoices([SPARSE], [], [], machine(64e9));
  assert.equal(Math.round(choice?.lineMs ?? 0), 180);
  assert.equal(choice?.recommended, true);
});

test("the fit is reported for all models of known size", () => {
  const fits = Object.fromEntries(
    modelChoices(models, [], [], machine(11e9)).map(({ reference, fit }) => [reference, fit]),
  );
  assert.deepEqual(fits, {
    "m:small": "yes",
    "m:middle": "yes",
    "m:research": "yes",
    "m:large": "no",
    "m:unknown": undefined,
  });
  assert.equal(modelChoices([LARGE], [], [], machine(12e9))[0]?.fit, "tight");
  assert.ok(neededBytes(8e9) > 8.8e9);
});

test("a model fits well in the graphics card's memory, and is tight where only the machine's memory holds it", () => {
  const card = machine(64e9, { graphicsBytes: 4e9 });
  const onCard = (of: CatalogueModel) => modelChoices([of], [], [], card)[0]?.fit;
  assert.deepEqual([onCard(MIDDLE), onCard(LARGE)], ["yes", "tight"]);
  assert.equal(modelChoices([LARGE], [], [], machine(10e9, { graphicsBytes: 4e9 }))[0]?.fit, "no");
  assert.equal(modelChoices([LARGE], [], [], machine(10e9, { graphicsBytes: 24e9 }))[0]?.fit, "yes");
});

test("the measured memory of a fetched model replaces the estimate from its size", () => {
  const fetched = [{ references: ["m:large"], bytes: 8e9, fetched: "", path: "/f/large" }];
  const needed = new Map([["/f/large", 5e9]]);
  assert.equal(modelChoices([LARGE], fetched, [], machine(11e9, { needed }))[0]?.fit, "yes");
  assert.equal(modelChoices([LARGE], [], [], machine(11e9, { needed }))[0]?.fit, "no");
});

test("models on this machine are shown with their place, and those of the catalogue only once", () => {
  const fetched = [
    { references: ["hf:a/m:small.gguf", "m:small"], bytes: 0.5e9, fetched: "", path: "/f/small" },
    { references: ["hf:x/y:z.gguf"], bytes: 1, fetched: "", path: "/f/z" },
  ];
  const found = [
    { path: "/o/1", name: "unknown:14b", program: "Ollama", bytes: 15e9, sha256: hash },
    { path: "/l/2.gguf", name: "2.gguf", program: "LM Studio", bytes: 2e9 },
  ] as const;
  const choices = modelChoices(models, fetched, found, machine(64e9));
  assert.deepEqual(
    choices
      .filter(({ place }) => place !== "hub")
      .map(({ reference, place, bytes }) => [reference, place, bytes]),
    [
      ["m:small", "fetched", 0.5e9],
      ["m:unknown", "Ollama", 15e9],
      ["hf:x/y:z.gguf", "fetched", 1],
      ["/l/2.gguf", "LM Studio", 2e9],
    ],
  );
});
