import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { cacheDirectory } from "../../../../server/system/paths.ts";
import { expandPath, resolvePath } from "../../../../server/system/userPaths.ts";

const folder = resolve("/work/shop");
const other = resolve("/work/other");

test("paths in settings are understood as users write them", () => {
  process.env.FORETOKEN_TEST_FOLDER = resolve("/models");
  const written: Record<string, string> = {
    "~/m.gguf": join(homedir(), "m.gguf"),
    "~": homedir(),
    "${env:FORETOKEN_TEST_FOLDER}/m.gguf": resolve("/models/m.gguf"),
    "${userHome}/m.gguf": join(homedir(), "m.gguf"),
    "${workspaceFolder}/m.gguf": join(folder, "m.gguf"),
    "${workspaceFolder:other}/m.gguf": join(other, "m.gguf"),
    "models/m.gguf": join(folder, "models", "m.gguf"),
    "./m.gguf": join(folder, "m.gguf"),
    '"~/a b.gguf"': join(homedir(), "a b.gguf"),
    "'m.gguf'": join(folder, "m.gguf"),
    "  /m.gguf ": resolve("/m.gguf"),
    "~user/m.gguf": join(folder, "~user", "m.gguf"),
    "${unknown}/m.gguf": `${folder}/$`.concat("{unknown}/m.gguf"),
    "${env:FORETOKEN_NOT_SET}": `${folder}/$`.concat("{env:FORETOKEN_NOT_SET}"),
  };
  for (const [text, path] of Object.entries(written))
    assert.equal(resolvePath(text, [folder, other]), path, text);
  assert.equal(expandPath("hub:a/b@main:*.parquet"), "hub:a/b@main:*.parquet");
});

test("there is a cache folder also without a home directory", {
  skip: process.platform === "win32",
}, () => {
  const { HOME, XDG_CACHE_HOME } = process.env;
  process.env.HOME = "";
  delete process.env.XDG_CACHE_HOME;
  try {
    assert.equal(cacheDirectory(), resolve(cacheDirectory()));
    assert.equal(expandPath("~/m.gguf"), "~/m.gguf");
  } finally {
    process.env.HOME = HOME;
    if (XDG_CACHE_HOME !== undefined) process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  }
});
