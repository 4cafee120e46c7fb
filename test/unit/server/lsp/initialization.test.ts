import assert from "node:assert/strict";
import { test } from "node:test";
import { initializationOptions } from "../../../../server/lsp/initialization.ts";

test("valid options are used, and a workspace is trusted by default", () => {
  const given = {
    settings: { enabled: false },
    storageDirectory: "/s",
    acceptCommand: "a.b",
    retryLoads: true,
    reportsRequests: true,
  };
  assert.deepEqual(initializationOptions(given), { ...given, trusted: true });
  assert.equal(initializationOptions({ trusted: false }).trusted, false);
});

test("a value of another type is left out, and gives no trust", () => {
  const none = { settings: undefined, trusted: true, retryLoads: false, reportsRequests: false };
  for (const given of [undefined, null, 5, "text", [], { storageDirectory: "", acceptCommand: "" }])
    assert.deepEqual(initializationOptions(given), none);
  const odd = { storageDirectory: 5, acceptCommand: ["a"], retryLoads: "yes", trusted: "yes" };
  assert.deepEqual(initializationOptions(odd), { ...none, trusted: false });
});
