/** Damaged state that the server keeps between starts: it is ignored and determined again. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseBackend } from "../../../../server/engine/backend.ts";
import { isConfiguration } from "../../../../server/engine/configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-state-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the back end is chosen again when the remembered one is invalid", async () => {
  const probeScript = join(folder, "probe.mjs");
  writeFileSync(probeScript, 'process.send("cpu", () => process.exit());');
  const options = { requestedBackend: "auto", cacheDirectory: folder, probeScript } as const;
  const file = join(folder, "backend.json");
  const choose = async () => {
    const chosen = await chooseBackend(options);
    return "name" in chosen ? chosen.name : chosen.message;
  };
  assert.equal(await choose(), "cpu");
  const { key } = JSON.parse(readFileSync(file, "utf8"));
  for (const name of [5, null, "../../elsewhere", "__proto__", ["cpu"], {}]) {
    writeFileSync(file, JSON.stringify({ key, name }));
    assert.equal(await choose(), "cpu", JSON.stringify(name));
    assert.equal(JSON.parse(readFileSync(file, "utf8")).name, "cpu");
  }
});

test("a tuning with an impossible number is invalid", () => {
  const costs = { ms: [[1, 2, 0]], slowdown: [0.5, 0] };
  const sound = {
    threads: 2,
    rowPadding: 1,
    exactRows: 8,
    chunkTokens: 64,
    prefillMsPerToken: 2,
    costs,
  } as const;
  assert.ok(isConfiguration(sound));
  const { prefillMsPerToken: _, ...unmeasured } = sound;
  assert.ok(isConfiguration(unmeasured));
  for (const damage of [
    { threads: 0 },
    { threads: 1.5 },
    { threads: 1e9 },
    { exactRows: -1 },
    { chunkTokens: 63 },
    { rowPadding: 3 },
    { prefillMsPerToken: -1 },
    { prefillMsPerToken: "2" },
    { costs: {} },
    { costs: { ms: [1] } },
    { costs: { ms: [["1"]] } },
    { costs: { ms: [[-1]] } },
    { costs: { ms: [[null]] } },
    { costs: { ms: [[1]] } },
    { costs: { ms: [[1]], slowdown: [-1] } },
  ])
    assert.equal(isConfiguration({ ...sound, ...damage } as never), false, JSON.stringify(damage));
});
