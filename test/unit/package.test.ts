import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ACCEPTED_COMMAND, Commands, GROWING_CONTEXT, TITLES } from "../../extension/commands.ts";
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

test("an untrusted workspace cannot choose anything that a model is loaded with", () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  for (const key of [...RELOADING_SETTINGS, "draftModel", "openFiles", "firstDatastore"])
    assert.ok(restrictedConfigurations.includes(`${SECTION}.${key}`), key);
});

test("package.json contributes exactly the existing commands", () => {
  const contributed = manifest.contributes.commands.map(({ command }: { command: string }) => command);
  assert.deepEqual(contributed.sort(), Object.values(Commands).sort());
});

test("commands have the same titles in the menu as in the palette", () => {
  const titles = new Map(
    manifest.contributes.commands.map(({ command, title }: { command: string; title: string }) => [
      command,
      title,
    ]),
  );
  for (const [command, title] of Object.entries(TITLES)) assert.equal(titles.get(command), title);
});

test("the Escape key ends a growing completion only while one is shown", () => {
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

test("the walkthrough's pictures exist for every theme and are small", () => {
  const [walkthrough] = manifest.contributes.walkthroughs;
  const themes = ["light", "dark", "hc", "hcLight"];
  const pictures = new Set<string>();
  for (const { id, media } of walkthrough.steps) {
    assert.deepEqual(Object.keys(media.image).sort(), [...themes].sort(), id);
    assert.ok(media.altText, id);
    for (const theme of themes) pictures.add(media.image[theme]);
  }
  const files = [...pictures].map(path => readFileSync(join(packageRoot(), path)));
  for (const file of files) assert.equal(file.subarray(1, 4).toString(), "PNG");
  assert.ok(files.reduce((sum, { length }) => sum + length, 0) < 200_000);
});

test("the walkthrough's buttons run existing commands, and each step can be completed", () => {
  const own: string[] = [...Object.values(Commands), ACCEPTED_COMMAND];
  for (const { id, description, completionEvents } of manifest.contributes.walkthroughs[0].steps) {
    const named = [...description.matchAll(/command:([\w.]+)/g)].map(([, command]) => command);
    assert.ok(named.length > 0 && completionEvents.length > 0, id);
    const events = completionEvents.map((event: string) => event.replace("onCommand:", ""));
    for (const command of [...named, ...events])
      assert.ok(own.includes(command) || /^(workbench|editor)\.action\./.test(command), `${id}: ${command}`);
  }
});

test("the walkthrough and the README name the key that is bound", () => {
  const binding = manifest.contributes.keybindings.find(({ command }: { command: string }) =>
    command.endsWith("acceptNextLine"),
  );
  assert.equal(binding.key, "alt+end");
  assert.ok(
    manifest.contributes.walkthroughs[0].steps.some((step: { description: string }) =>
      /Alt\+End/.test(step.description),
    ),
  );
  assert.match(readFileSync(join(packageRoot(), "README.md"), "utf8"), /`Alt\+End`/);
});
