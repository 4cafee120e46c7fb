import assert from "node:assert/strict";
import { test } from "node:test";
import { modelItem, sizeText, timeText } from "../../../extension/modelItems.ts";
import type { ModelEntry } from "../../../server/protocol/index.ts";

const ENTRY: ModelEntry = {
  reference: "m:1b",
  title: "M 1B, Q8_0",
  bytes: 1_646_573_056,
  licence: { name: "Apache-2.0", commercial: "yes" },
  singleLine: 66.2,
  fit: "yes",
  lineMs: 864,
  place: "hub",
  recommended: true,
};

test("an item of the hub shows the size to fetch, whether the model fits, its speed and its quality", () => {
  assert.deepEqual(modelItem(ENTRY, ""), {
    label: "$(star-full) M 1B, Q8_0",
    description: "recommended · 1.6 GB to fetch · fits · a line in about 860 ms",
    detail: "fills in 66.2% of HumanEval's single lines · licence Apache-2.0",
    reference: "m:1b",
  });
});

test("an item on this machine shows which program has the model, and the model in use is marked", () => {
  const { bytes: _, singleLine: __, lineMs: ___, ...bare } = ENTRY;
  const here = { ...bare, recommended: false, place: "Ollama", bytes: 92e6, lineMs: 2345 };
  assert.equal(modelItem(here, "").label, "$(database) M 1B, Q8_0");
  assert.equal(modelItem(here, "").description, "92 MB, from Ollama · fits · a line in about 2.3 s");
  const fetched = modelItem({ ...here, place: "fetched" }, "m:1b");
  assert.equal(fetched.label, "$(check) M 1B, Q8_0");
  assert.match(fetched.description, /^92 MB, fetched · fits/);
});

test("an item says if the licence has terms and if the model leaves little memory", () => {
  const licence = { name: "G", commercial: "restricted" } as const;
  const { detail, description } = modelItem({ ...ENTRY, licence, fit: "tight" }, "");
  assert.match(detail, /licence G, with terms of use$/);
  assert.match(description, / · leaves little memory · /);
});

test("sizes and times change their unit before they need a fourth digit", () => {
  assert.deepEqual([2e5, 999.4e6, 999.6e6, 3e9].map(sizeText), ["1 MB", "999 MB", "1.0 GB", "3.0 GB"]);
  assert.deepEqual([42, 994, 996, 2345].map(timeText), ["40 ms", "990 ms", "1.0 s", "2.3 s"]);
});

test("an item says if the licence forbids commercial use and if the model is too large", () => {
  const { bytes: _, ...unsized } = ENTRY;
  const licence = { name: "R", commercial: "no" } as const;
  const item = modelItem({ ...unsized, licence, fit: "no", recommended: false }, "");
  assert.equal(item.label, "$(cloud-download) M 1B, Q8_0");
  assert.match(item.detail, /licence R, not for commercial use/);
  assert.match(item.description, /^an unknown size to fetch · too large for this machine/);
});

test("an item says nothing of what is not known about a model", () => {
  const found: ModelEntry = {
    reference: "/m.gguf",
    title: "m",
    bytes: 5e8,
    place: "fetched",
    recommended: false,
  };
  const { description, detail } = modelItem(found, "");
  assert.deepEqual([description, detail], ["500 MB, fetched", ""]);
});
