import assert from "node:assert/strict";
import { freemem, totalmem } from "node:os";
import { test } from "node:test";
import { freeMemoryBytes, memoryBytes } from "../../../../server/system/memory.ts";

const GIB = 2 ** 30;

test("a container's limit counts where it is lower than the machine's memory", () => {
  assert.equal(memoryBytes(64 * GIB, 4 * GIB), 4 * GIB);
  assert.equal(freeMemoryBytes(30 * GIB, GIB), GIB);
});

test("no limit and one beyond the machine's memory do not count", () => {
  for (const limit of [0, 2 ** 63]) {
    assert.equal(memoryBytes(64 * GIB, limit), 64 * GIB);
    assert.equal(freeMemoryBytes(30 * GIB, limit), 30 * GIB);
  }
});

test("this machine's memory is known", () => {
  assert.ok(memoryBytes() > 0 && memoryBytes() <= totalmem());
  assert.ok(freeMemoryBytes() > 0 && freeMemoryBytes() <= Math.max(freemem(), totalmem()));
});
