import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CHUNK_SIZES,
  type EngineConfiguration,
  isConfiguration,
  untuned,
} from "../../../../server/engine/configuration.ts";
import { EXACT_ROWS } from "../../../../server/engine/treeLimits.ts";

const sound: EngineConfiguration = {
  threads: 2,
  rowPadding: 1,
  exactRows: EXACT_ROWS,
  chunkTokens: 128,
  prefillMsPerToken: 2.5,
  costs: { ms: [[10, 0, 12], []], slowdown: [0.5, 0] },
};

/** The sound configuration with other values, as a damaged file may have them. */
const changed = (values: Record<string, unknown>) => ({ ...sound, ...values }) as EngineConfiguration;

test("a measured configuration is accepted, whichever padding and chunks it has", () => {
  assert.ok(isConfiguration(sound));
  assert.ok(isConfiguration(changed({ prefillMsPerToken: undefined })));
  for (const rowPadding of [1, 2, 4]) assert.ok(isConfiguration(changed({ rowPadding })));
  for (const chunkTokens of CHUNK_SIZES) assert.ok(isConfiguration(changed({ chunkTokens })));
  for (const exactRows of [1, EXACT_ROWS]) assert.ok(isConfiguration(changed({ exactRows })));
});

test("a configuration with an impossible number is refused", () => {
  const impossible: Record<string, readonly unknown[]> = {
    threads: [0, -1, 1.5, 1025, Number.NaN, undefined],
    rowPadding: [0, 3, 8, undefined],
    exactRows: [0, EXACT_ROWS + 1, 2.5, undefined],
    chunkTokens: [0, 100, 512, undefined],
    prefillMsPerToken: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "2"],
    costs: [
      undefined,
      {},
      { ms: [[-1]], slowdown: [] },
      { ms: [[Number.NaN]], slowdown: [] },
      { ms: [null], slowdown: [] },
      { ms: [[1]], slowdown: [-0.5] },
      { ms: [[1]] },
    ],
  };
  for (const [name, values] of Object.entries(impossible))
    for (const value of values)
      assert.ok(!isConfiguration(changed({ [name]: value })), `${name} ${JSON.stringify(value)}`);
  assert.ok(!isConfiguration(undefined));
});

test("nothing is drafted and no row is padded before tuning", () => {
  assert.deepEqual(untuned(3), { threads: 3, rowPadding: 1, exactRows: 1, chunkTokens: 64 });
});
