import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_SETTINGS,
  languageEnabled,
  readSettings,
  type Settings,
} from "../../../../server/protocol/settings.ts";

test("an empty configuration gives the defaults", () => {
  for (const nothing of [undefined, null, {}, 5, "x"])
    assert.deepEqual(readSettings(nothing), { settings: DEFAULT_SETTINGS, problems: [] });
});

/** The setting that is used for a value, and the number of problems. */
function read(key: keyof Settings, value: unknown) {
  const { settings, problems } = readSettings({ [key]: value }, { threads: 8, contextTokens: 16_384 });
  assert.ok(problems.every(problem => problem.startsWith(`foretoken.${key} is `) && !problem.includes("\n")));
  return [settings[key], problems.length];
}

test("numbers are limited to what the machine and the setting allow, with one message each", () => {
  assert.deepEqual(read("threads", 256), [8, 1]);
  assert.deepEqual(read("threads", 8), [8, 0]);
  assert.deepEqual(read("threads", -1), [0, 1]);
  assert.deepEqual(read("threads", Infinity), [8, 1]);
  assert.deepEqual(read("threads", 2.5), [2, 1]);
  assert.deepEqual(read("contextTokens", 131072), [16_384, 1]);
  assert.deepEqual(read("maxTokens", -3), [1, 1]);
  assert.deepEqual(read("maxTokens", 1e300), [1024, 1]);
});

test("an invalid value is replaced by the default, with one message each", () => {
  for (const value of [Number.NaN, "8", "many", true, {}, []])
    assert.deepEqual(read("threads", value), [0, 1]);
  assert.deepEqual(read("backend", "abacus"), ["auto", 1]);
  assert.deepEqual(read("modelPath", 5), ["", 1]);
  assert.deepEqual(read("enabled", "yes"), [true, 1]);
  assert.deepEqual(read("languages", []), [DEFAULT_SETTINGS.languages, 1]);
  assert.deepEqual(read("languages", { go: "x", c: false }), [
    { ...DEFAULT_SETTINGS.languages, c: false },
    1,
  ]);
});

test("turning one language off does not turn on others", () => {
  const { settings } = readSettings({ languages: { go: false } });
  const enabled = ["go", "plaintext", "markdown", "python", "constructor"].map(id =>
    languageEnabled(settings, id),
  );
  assert.deepEqual(enabled, [false, false, false, true, true]);
});

test("a language follows its own entry, then the star, then the main switch", () => {
  const settings = { ...DEFAULT_SETTINGS, languages: { "*": false, python: true } };
  assert.equal(languageEnabled(settings, "python"), true);
  assert.equal(languageEnabled(settings, "go"), false);
  assert.equal(languageEnabled({ ...settings, enabled: false }, "python"), false);
  assert.equal(languageEnabled({ ...settings, languages: {} }, "go"), true);
});
