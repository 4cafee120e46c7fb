import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { untuned } from "../../../../server/engine/configuration.ts";
import type { EngineInfo } from "../../../../server/engine/index.ts";
import { readTuning, writeTuning } from "../../../../server/model/tuningStore.ts";
import { modelStamp } from "../../../../server/system/index.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-tuning-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tuning = { ...untuned(2), costs: { ms: [], slowdown: [] } };
/** A model whose files have these contents, and what says so. */
function model(name: string, ...parts: string[]) {
  const paths = parts.map((content, index) => {
    const part = `-0000${index + 1}-of-0000${parts.length}`;
    const path = join(folder, `${name}${parts.length > 1 ? part : ""}.gguf`);
    writeFileSync(path, content);
    return path;
  });
  const modelPath = paths[0] ?? "";
  const info = { ...new FakeEngine(saying("x")).info, modelPath };
  const conditions = () => ({ stamp: modelStamp(modelPath), threads: 0, exactness: "bitwise" }) as const;
  return { paths, info, conditions };
}

test("a tuning is read again for the same file and settings only", () => {
  const { info, conditions } = model("same", "content");
  writeTuning(folder, info, conditions(), tuning);
  assert.deepEqual(readTuning(folder, info, conditions()), tuning);
  assert.equal(readTuning(folder, info, { ...conditions(), threads: 3 }), undefined);
  const others: Partial<EngineInfo>[] = [
    { backend: "vulkan" },
    { contextTokens: info.contextTokens + 1 },
    { release: "b1" },
    { graphicsDevice: "a card" },
    { graphicsBytes: 1 },
    { graphicsLayers: 1 },
  ];
  for (const other of others)
    assert.equal(readTuning(folder, { ...info, ...other }, conditions()), undefined, JSON.stringify(other));
});

test("a tuning measured in quiet counts for good, and not once its file is damaged", () => {
  const { info, conditions } = model("lasting", "content");
  const earlier = new Set(readdirSync(join(folder, "tuning")));
  writeTuning(folder, info, conditions(), tuning);
  const file = join(
    folder,
    "tuning",
    readdirSync(join(folder, "tuning")).find(name => !earlier.has(name)) ?? "",
  );
  utimesSync(file, 1, 1);
  assert.deepEqual(readTuning(folder, info, conditions()), tuning);
  const saved = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...saved, tuning: { ...tuning, threads: 0 } }));
  assert.equal(readTuning(folder, info, conditions()), undefined);
});

test("a tuning measured while other programs were busy counts for an hour, and never as one measured in quiet", () => {
  const { info, conditions } = model("busy", "content");
  writeTuning(folder, info, conditions(), tuning, "busy");
  assert.equal(readTuning(folder, info, conditions()), undefined);
  assert.deepEqual(readTuning(folder, info, conditions(), "busy"), tuning);
  for (const minutes of [-61, 61]) {
    const time = Date.now() / 1000 + minutes * 60;
    for (const name of readdirSync(join(folder, "tuning")))
      utimesSync(join(folder, "tuning", name), time, time);
    assert.equal(readTuning(folder, info, conditions(), "busy"), undefined, `${minutes} minutes from now`);
  }
});

test("a tuning that ends after its model's file was replaced does not count for the new file", () => {
  const { paths, info, conditions } = model("replaced", "content");
  const loaded = conditions();
  writeFileSync(paths[0] ?? "", "other content");
  writeTuning(folder, info, loaded, tuning);
  assert.equal(readTuning(folder, info, conditions()), undefined);
});

test("a tuning does not count once any part of a split model was replaced", () => {
  const { paths, info, conditions } = model("split", "one", "two");
  writeTuning(folder, info, conditions(), tuning);
  assert.deepEqual(readTuning(folder, info, conditions()), tuning);
  writeFileSync(paths[1] ?? "", "another");
  assert.equal(readTuning(folder, info, conditions()), undefined);
});
