import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasNvidiaDriver } from "../../../../server/system/nvidiaDriver.ts";

test("a driver is found by any of its files", () => {
  const absent = join(tmpdir(), "foretoken-no-such-driver");
  assert.equal(hasNvidiaDriver([absent, tmpdir()]), true);
  assert.equal(hasNvidiaDriver([absent]), false);
  assert.equal(hasNvidiaDriver([]), false);
});
