import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../server/system/paths.ts";
import { makeModel } from "../bench/makeModel.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const source = join(folder, "sample.py");
writeFileSync(
  source,
  "import os\r\n\r\n\r\ndef read(path):\r\n    with open(path) as handle:\r\n        return \r\n",
);
const place = `${source}:6:16`;

function foretoken(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    const env = { ...process.env, XDG_CACHE_HOME: folder, FORETOKEN_MODEL: fixtureModelPath() };
    execFile(process.execPath, [join(packageRoot(), "dist", "cli.js"), ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test("complete --json prints one object with text, counts and milliseconds", async () => {
  const { code, out, err } = await foretoken("complete", place, "--json", "--max-tokens", "24");
  assert.equal(code, 0, err);
  const report = JSON.parse(out);
  for (const key of ["tokens", "steps", "drafted", "accepted"]) assert.ok(Number.isInteger(report[key]), key);
  for (const key of ["load", "prefill", "total"]) assert.ok(report.ms[key] > 0, key);
  assert.ok(report.tokens <= 24 && report.steps <= report.tokens);
  assert.equal(typeof report.text, "string");
  assert.equal(typeof report.finishReason, "string");
});

test("a seed draws the same text each time, with drafts and without; a bad temperature is named", async () => {
  const draw = async (...flags: string[]) =>
    JSON.parse((await foretoken("complete", place, "--json", "--temperature", "1.2", ...flags)).out).text;
  const first = await draw("--seed", "7");
  assert.equal(await draw("--seed", "7"), first);
  assert.equal(await draw("--seed", "7", "--no-drafts"), first);
  const others = new Set([first, await draw("--seed", "8"), await draw("--seed", "9")]);
  assert.ok(others.size > 1, "other seeds draw other texts");
  const bad = await foretoken("complete", place, "--temperature", "warm");
  assert.match(bad.err, /--temperature must be a number from 0, got warm/);
});

test("complete streams the same text with and without drafts", async () => {
  const json = JSON.parse((await foretoken("complete", place, "--json")).out);
  const drafted = await foretoken("complete", place);
  const plain = await foretoken("complete", place, "--no-drafts");
  assert.equal(drafted.out, `${json.text}\n`);
  assert.equal(plain.out, drafted.out);
});

test("a model that drafts changes nothing of the text and is counted; one that cannot is refused", async () => {
  const plain = await foretoken("complete", place, "--no-drafts");
  const { code, out, err } = await foretoken(
    "complete",
    place,
    "--json",
    "--draft-model",
    fixtureModelPath(),
  );
  assert.equal(code, 0, err);
  const { text, sources } = JSON.parse(out);
  assert.equal(`${text}\n`, plain.out);
  assert.ok(sources.some(({ name }: { name: string }) => name === "draft model"));
  const other = join(folder, "other.gguf");
  makeModel({ shape: "tiny", type: "q8_0", seed: 3, tokenizerPath: fixtureModelPath() }, other);
  const refused = await foretoken("complete", place, "--draft-model", other);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /other\.gguf has another vocabulary than .*Give --draft-model a smaller model/);
  const none = await foretoken("complete", place, "--draft-model", "auto");
  assert.equal(none.out, plain.out, "where there is none, nothing of it drafts");
});

test("what is asked wrongly is answered with the reason, on standard error", async () => {
  const cases: [args: string[], says: RegExp][] = [
    [["complete", `${source}:99:1`], /sample\.py has 7 lines; there is no line 99/],
    [["complete", `${source}:1:99`], /Line 1 of .* has 9 characters; there is no column 99/],
    [["complete", join(folder, "absent.py:1:1")], /absent\.py cannot be read/],
    [["complete", "sample.py"], /Expected FILE:LINE:COLUMN/],
    [["complete", place, "--max-tokens", "none"], /--max-tokens must be a whole number/],
    [["complete", place, "--model", join(folder, "absent.gguf")], /There is no model at .*absent\.gguf/],
    [["complete", place, "--colour"], /--colour/],
    [["frobnicate"], /There is no command frobnicate/],
    [[], /Usage/],
  ];
  for (const [args, says] of cases) {
    const { code, out, err } = await foretoken(...args);
    assert.equal(code, 1, args.join(" "));
    assert.equal(out, "");
    assert.match(err, says);
    assert.doesNotMatch(err, /\n {4}at /, "no stack trace");
  }
});

test("the bundled command line is a program of its own", () => {
  const [first] = readFileSync(join(packageRoot(), "dist", "cli.js"), "utf8").split("\n");
  assert.equal(first, "#!/usr/bin/env node");
});
