import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Commands, GROWING_CONTEXT } from "../../extension/commands.ts";
import { EXPECTED_RELEASE } from "../../server/engine/libllama.ts";
import {
  DEFAULT_SETTINGS,
  RELOADING_SETTINGS,
  SECTION,
  SETTINGS_SCHEMA,
} from "../../server/protocol/settings.ts";
import { defaultModelPath, packageRoot } from "../../server/system/paths.ts";

const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));

test("package.json repeats every setting exactly as it is defined", () => {
  const expected = Object.fromEntries(
    Object.entries(SETTINGS_SCHEMA).map(([key, schema]) => [
      `${SECTION}.${key}`,
      { ...schema, default: DEFAULT_SETTINGS[key as keyof typeof DEFAULT_SETTINGS] },
    ]),
  );
  assert.deepEqual(manifest.contributes.configuration.properties, expected);
});

test("a workspace that is not trusted chooses nothing that a model is loaded with", () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  for (const key of [...RELOADING_SETTINGS, "openFiles", "firstDatastore"])
    assert.ok(restrictedConfigurations.includes(`${SECTION}.${key}`), key);
});

test("package.json contributes exactly the commands there are", () => {
  const contributed = manifest.contributes.commands.map(({ command }: { command: string }) => command);
  assert.deepEqual(contributed.sort(), Object.values(Commands).sort());
});

test("the escape key ends a growing completion only while one is shown", () => {
  const [binding] = manifest.contributes.keybindings;
  assert.equal(binding.command, Commands.dismiss);
  assert.ok(binding.when.includes(GROWING_CONTEXT) && binding.when.includes("inlineSuggestionVisible"));
});

test("node-llama-cpp is pinned to the release whose layout is declared", () => {
  assert.equal(manifest.dependencies["node-llama-cpp"], EXPECTED_RELEASE);
});

test("the default model is a GGUF file", () => {
  assert.equal(readFileSync(defaultModelPath()).subarray(0, 4).toString(), "GGUF");
});

test("the lock file names the optional packages of every platform, so that npm ci works on each", () => {
  const { packages } = JSON.parse(readFileSync(join(packageRoot(), "package-lock.json"), "utf8"));
  const names = Object.keys(packages);
  for (const { optionalDependencies } of Object.values(packages) as {
    optionalDependencies?: Record<string, string>;
  }[])
    for (const name of Object.keys(optionalDependencies ?? {}))
      assert.ok(
        names.some(path => path.endsWith(`node_modules/${name}`)),
        `${name} is missing`,
      );
});
