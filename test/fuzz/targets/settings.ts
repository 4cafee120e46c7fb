/** Settings of any shape are read into settings of the right one; paths of any form give a path. */
import assert from "node:assert/strict";
import {
  DEFAULT_SETTINGS,
  languageEnabled,
  readSettings,
  SETTINGS_SCHEMA,
} from "../../../server/protocol/settings.ts";
import { resolvePath } from "../../../server/system/userPaths.ts";
import { oddText, oddValue, pick } from "../random.ts";
import type { FuzzTarget, Random } from "../target.ts";

const MACHINE = { threads: 4, contextTokens: 4096 };
const PATHS = [
  "~",
  "~/",
  "~root/x",
  "$".concat("{env:HOME}"),
  "${env:",
  "$".concat("{workspaceFolder}"),
  "$".concat("{workspaceFolder:a}"),
  '"',
  "'",
];

function attempt(random: Random): void {
  const keys = Object.keys(SETTINGS_SCHEMA);
  const given = Object.fromEntries(Array.from({ length: 6 }, () => [pick(random, keys), oddValue(random)]));
  const { settings, problems } = readSettings(random() < 0.9 ? given : oddValue(random), MACHINE);
  for (const [key, schema] of Object.entries(SETTINGS_SCHEMA)) {
    const value = settings[key as keyof typeof settings];
    const standard = DEFAULT_SETTINGS[key as keyof typeof settings];
    assert.equal(typeof value, typeof standard, key);
    if (typeof value === "number") {
      assert.ok(schema.type === "number" || Number.isInteger(value), `${key} ${value}`);
      assert.ok(value >= (schema.minimum ?? 0), `${key} ${value}`);
      const most = Math.min(schema.maximum ?? Infinity, MACHINE[key as keyof typeof MACHINE] ?? Infinity);
      assert.ok(value <= most, `${key} ${value}`);
    }
    if (schema.enum) assert.ok(schema.enum.includes(String(value)), key);
  }
  assert.equal(typeof languageEnabled(settings, oddText(random, 1)), "boolean");
  for (const name of ["__proto__", "constructor", "toString"])
    assert.equal(typeof languageEnabled(settings, name), "boolean", name);
  for (const problem of problems) assert.ok(problem.length < 1000 && !problem.includes("\n"), problem);
  assert.equal(({} as Record<string, unknown>).a, undefined, "no prototype is changed");
  const path = `${pick(random, PATHS)}${oddText(random, 2)}${pick(random, PATHS)}`;
  assert.equal(typeof resolvePath(path, random() < 0.5 ? ["/folder"] : []), "string");
}

export const settings: FuzzTarget = {
  name: "settings",
  open: async () => ({ attempt: async random => attempt(random), close: async () => {} }),
};
