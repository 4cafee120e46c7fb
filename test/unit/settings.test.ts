import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS, languageEnabled, readSettings } from "../../server/protocol/settings.ts";

test("nothing configured gives the defaults", () => {
  for (const nothing of [undefined, null, {}, 5, "x"])
    assert.deepEqual(readSettings(nothing), { settings: DEFAULT_SETTINGS, problems: [] });
});

test("a value that does not fit is named, and its default taken", () => {
  const { settings, problems } = readSettings({
    maxTokens: -3,
    backend: "abacus",
    threads: 2,
    enabled: "yes",
  });
  assert.equal(settings.maxTokens, DEFAULT_SETTINGS.maxTokens);
  assert.equal(settings.backend, "auto");
  assert.equal(settings.threads, 2);
  assert.deepEqual(problems.map(problem => problem.split(" ")[0]).sort(), [
    "foretoken.backend",
    "foretoken.enabled",
    "foretoken.maxTokens",
  ]);
});

test("a language follows its own entry, then the star, then the main switch", () => {
  const settings = { ...DEFAULT_SETTINGS, languages: { "*": false, python: true } };
  assert.equal(languageEnabled(settings, "python"), true);
  assert.equal(languageEnabled(settings, "go"), false);
  assert.equal(languageEnabled({ ...settings, enabled: false }, "python"), false);
  assert.equal(languageEnabled({ ...settings, languages: {} }, "go"), true);
});
