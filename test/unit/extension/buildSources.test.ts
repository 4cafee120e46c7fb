import assert from "node:assert/strict";
import { test } from "node:test";
import { storeName } from "../../../extension/buildSources.ts";

test("a datastore is named after its folder, and differently from that of another folder with the same name", () => {
  assert.match(storeName("app", "/home/me/app"), /^app-[0-9a-f]{6}$/);
  assert.notEqual(storeName("app", "/home/me/app"), storeName("app", "/home/me/other/app"));
  assert.equal(storeName("app", "/home/me/app"), storeName("app", "/home/me/app"));
});

test("a datastore's name is a valid folder name, whatever its folder is called", () => {
  for (const [name, expected] of [
    ["", /^folder-/],
    ["..", /^folder-/],
    ["日本", /^日本-/],
    ["a/b\\c:d", /^a_b_c_d-/],
    [".hidden", /^hidden-/],
  ] as const)
    assert.match(storeName(name, `/home/me/${name}`), expected);
});
