/** A short run of every target, the same each time. A longer one: `npm run fuzz -- --minutes 10`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { again, fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets/index.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-fuzz-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const SEED = 1;
/** Cases of each target: a second or two. */
const CASES: Readonly<Record<string, number>> = {
  gguf: 3,
  stores: 150,
  edits: 150,
  starts: 60,
  messages: 60,
  settings: 3_000,
  ignore: 60,
  sources: 12,
  files: 12,
};

for (const target of TARGETS)
  test(`${target.name}: random inputs cause no failure`, async () => {
    const failures: string[] = [];
    const [tried] = await fuzz([target], {
      seed: SEED,
      folder,
      cases: CASES[target.name] ?? 10,
      onFailure: failure => failures.push(`${again(failure, SEED)}\n${failure.error.stack}`),
    });
    assert.deepEqual(failures, []);
    assert.ok(tried && tried.cases > 0);
  });
