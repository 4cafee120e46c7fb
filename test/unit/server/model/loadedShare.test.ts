import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { withLoadedShare } from "../../../../server/model/loadedShare.ts";

test("the share grows with the process's memory, never reaches the whole, and ends with the load", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-share-"));
  const path = join(folder, "model.gguf");
  writeFileSync(path, Buffer.alloc(1000));
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const memory = [50, 300, 250, 550, 2000, 5000];
    const shares: number[] = [];
    const loaded = await withLoadedShare(
      path,
      share => shares.push(share),
      async () => {
        mock.timers.tick(800);
        return "loaded";
      },
      () => memory.shift() ?? 0,
    );
    mock.timers.tick(800);
    assert.deepEqual([loaded, shares], ["loaded", [0.25, 0.5, 0.99]]);
  } finally {
    mock.timers.reset();
    rmSync(folder, { recursive: true });
  }
});

test("a missing file is loaded without reporting a share", async () => {
  assert.equal(
    await withLoadedShare(
      "/does/not/exist",
      () => assert.fail(),
      async () => 1,
    ),
    1,
  );
});
