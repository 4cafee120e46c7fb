import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EMBEDDING_ARCHITECTURES, otherKind } from "../../../../server/system/modelKind.ts";
import { type Metadatum, type TensorPlan, writeGguf } from "../../../bench/gguf.ts";
import { fixtureModelPath } from "../../../fixtures/model.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-kind-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const TENSOR: TensorPlan = {
  name: "weights",
  shape: [32],
  format: { ggmlType: 0, blockValues: 1, blockBytes: 4 },
  fill: () => {},
};
const string = (value: string): Metadatum => ({ type: "string", value });

/** The kind of a file with this metadata. */
function kindOf(metadata: Record<string, Metadatum>, { name = "file.gguf", tensors = [TENSOR] } = {}) {
  const path = join(folder, name);
  writeGguf(path, new Map(Object.entries(metadata)), tensors);
  return otherKind(path)?.what;
}

const model = { "general.architecture": string("llama"), "general.type": string("model") };

test("files that are no models are told by their first keys", () => {
  const lora = { ...model, "general.type": string("adapter"), "adapter.type": string("lora") };
  assert.match(kindOf(lora) ?? "", /is an adapter \(LoRA\)/);
  const { "general.type": _, ...older } = lora;
  assert.match(kindOf(older) ?? "", /is an adapter/);
  const datasets: Metadatum = { type: "strings", value: ["a", "b"] };
  assert.match(kindOf({ "imatrix.datasets": datasets }) ?? "", /importance matrix/);
  assert.match(kindOf({ "general.type": string("imatrix") }) ?? "", /importance matrix/);
  assert.match(kindOf({ "general.architecture": string("clip") }) ?? "", /pictures or sound/);
  assert.match(kindOf({ ...model, "general.type": string("mmproj") }) ?? "", /mmproj/);
  for (const name of EMBEDDING_ARCHITECTURES)
    assert.match(kindOf({ "general.architecture": string(name) }) ?? "", /computes embeddings/);
});

test("values of all kinds before the one that tells are passed over", () => {
  const before: Record<string, Metadatum> = {
    a: { type: "u32", value: 1 },
    b: { type: "bool", value: true },
    c: { type: "i32s", value: [1, 2, 3] },
    d: { type: "strings", value: ["x", "é"] },
  };
  assert.match(kindOf({ ...before, "general.architecture": string("bert") }) ?? "", /embeddings/);
});

test("a file without weights is a vocabulary, except for the first part of a split model", () => {
  assert.match(kindOf(model, { tensors: [] }) ?? "", /only a vocabulary/);
  assert.equal(kindOf(model, { tensors: [], name: "m-00001-of-00002.gguf" }), undefined);
});

test("a model has no other kind, and neither has a file that is damaged or not GGUF", () => {
  assert.equal(kindOf(model), undefined);
  assert.equal(kindOf({ ...model, "quantize.imatrix.file": string("x") }), undefined);
  assert.equal(otherKind(fixtureModelPath()), undefined);
  assert.equal(otherKind(join(folder, "absent.gguf")), undefined);
  const good = readFileSync(fixtureModelPath());
  for (const bytes of [0, 3, 8, 20, 23, 24, 30, 60, 200])
    for (const content of [
      good.subarray(0, bytes),
      Buffer.concat([good.subarray(0, bytes), Buffer.alloc(99, 255)]),
    ]) {
      const path = join(folder, "damaged.gguf");
      writeFileSync(path, content);
      assert.equal(otherKind(path), undefined, `${bytes} bytes`);
    }
});
