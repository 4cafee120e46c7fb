import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueModel } from "../../../../server/catalogue/catalogue.ts";
import {
  isPathReference,
  nameOf,
  parseReference,
  quantisationOf,
  similarTo,
} from "../../../../server/catalogue/reference.ts";

const files = [
  { quantisation: "Q8_0", repository: "ggml-org/Q", revision: "main", path: "q-q8_0.gguf" },
  { quantisation: "Q4_K_M", repository: "x/Q", revision: "main" },
];
const licence = { name: "MIT", commercial: "yes" } as const;
const model: CatalogueModel = { name: "qwen:1.5b", title: "Qwen", parameters: 1, licence, files };
const read = (text: string) => parseReference(text, [model]);

test("a name of the catalogue stands for its first file, or for that of the given quantisation", () => {
  assert.deepEqual(read("qwen:1.5b"), { reference: { kind: "hub", file: files[0], model } });
  assert.deepEqual(read(" Qwen:1.5B:q4_k_m "), { reference: { kind: "hub", file: files[1], model } });
});

test("a name that the catalogue lacks is an error that lists what there is", () => {
  const size = read("qwen:7b");
  assert.ok("problem" in size && size.problem.remedy === "The catalogue has qwen:1.5b.");
  const models = [{ ...model, name: "other:1b" }, model];
  assert.equal(similarTo("Qwen:7b", models), "The catalogue has qwen:1.5b.");
  assert.equal(similarTo("llama:7b", models), "The catalogue has other:1b, qwen:1.5b.");
  const quantisation = read("qwen:1.5b:q2_k");
  assert.ok("problem" in quantisation && /Q8_0, Q4_K_M/.test(quantisation.problem.remedy));
});

test("a reference to the hub may name a revision, and a quantisation instead of a file", () => {
  assert.deepEqual(read("hf:a/b:c/d-Q6_K.gguf"), {
    reference: {
      kind: "hub",
      file: { quantisation: "Q6_K", repository: "a/b", revision: "main", path: "c/d-Q6_K.gguf" },
    },
  });
  assert.deepEqual(read("hf:a/b@refs/pr/1:Q4_0"), {
    reference: { kind: "hub", file: { quantisation: "Q4_0", repository: "a/b", revision: "refs/pr/1" } },
  });
  for (const text of [
    "hf:a/b",
    "hf:../..:c.gguf",
    "hf:a/..:c.gguf",
    "hf:a/b:../c.gguf",
    "hf:a/b:/c.gguf",
    "HF:x",
  ])
    assert.ok("problem" in read(text), text);
});

test("addresses must point to a GGUF file", () => {
  assert.deepEqual(read("https://example.org/a%20b.gguf?x=1"), {
    reference: { kind: "address", url: "https://example.org/a%20b.gguf?x=1" },
  });
  const secret = read("https://me:geheim@example.org/a.gguf");
  assert.ok("problem" in secret && !JSON.stringify(secret).includes("geheim"));
  for (const text of ["https://example.org/a.zip", "http://", "https://example.org/"])
    assert.ok("problem" in read(text), text);
});

test("everything else is a path", () => {
  for (const path of ["model.gguf", "./a:b/m.gguf", "C:\\models\\m.gguf", "c:m.gguf", "~/m.gguf", "/a/b"])
    assert.deepEqual(read(path), { reference: { kind: "path", path } });
});

test("the quantisation is read from a file's name", () => {
  const names: [string, string | undefined][] = [
    ["qwen2.5-coder-7b-q4_k_m.gguf", "Q4_K_M"],
    ["Model.Q8_0.gguf", "Q8_0"],
    ["model-IQ2_XXS.gguf", "IQ2_XXS"],
    ["model-bf16.gguf", "BF16"],
    ["model-Q4_0-00001-of-00003.gguf", "Q4_0"],
    ["Q4_K_M/model-Q4_K_M-00001-of-00002.gguf", "Q4_K_M"],
    ["Model-Q4_K_M/Model-Q4_K_M.gguf", "Q4_K_M"],
    ["F16/Q8_0/x-Q4_0.gguf", "Q4_0"],
    ["F16/Q8_0/x.gguf", "Q8_0"],
    ["UD-Q4_K_XL/model.gguf", "Q4_K_XL"],
    ["BF16/model-00001-of-00002.gguf", "BF16"],
    ["model-TQ1_0.gguf", "TQ1_0"],
    ["model-MXFP4_MOE.gguf", "MXFP4_MOE"],
    ["sq4_0x.gguf", undefined],
    ["model.gguf", undefined],
  ];
  for (const [name, expected] of names) assert.equal(quantisationOf(name), expected, name);
});

test("a model of the catalogue has one name however it is written, and others the one that was given", () => {
  const named = (text: string) => {
    const outcome = read(text);
    return "reference" in outcome ? nameOf(outcome.reference, text) : undefined;
  };
  assert.deepEqual(["Qwen:1.5B", "qwen:1.5b:Q8_0", "qwen:1.5b:q4_k_m", "QWEN:1.5b:Q4_K_M"].map(named), [
    "qwen:1.5b",
    "qwen:1.5b",
    "qwen:1.5b:q4_k_m",
    "qwen:1.5b:q4_k_m",
  ]);
  assert.deepEqual([" hf:a/b:Q4_0 ", " ./m.gguf ", " https://example.org/m.gguf "].map(named), [
    "hf:a/b:Q4_0",
    "./m.gguf",
    "https://example.org/m.gguf",
  ]);
});

test("a path is told from references to the catalogue, the hub and an address", () => {
  const texts = ["/a/m.gguf", "m.gguf", "qwen:1.5b", "hf:a/b:Q4_0", "https://example.org/m.gguf", "hf:x"];
  assert.deepEqual(texts.map(isPathReference), [true, true, false, false, false, false]);
});
