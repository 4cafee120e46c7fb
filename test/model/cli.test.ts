import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findBackend } from "../../server/engine/backend.ts";
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

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program with the fixture's model as the default one. */
function run(program: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise(resolve => {
    const env = {
      ...process.env,
      XDG_CACHE_HOME: folder,
      FORETOKEN_MODEL: fixtureModelPath(),
      ...variables,
    };
    execFile(program, args, { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const cli = join(packageRoot(), "dist", "cli.js");
const foretoken = (...args: string[]) => run(process.execPath, [cli, ...args]);

/** Runs the command line in a shell's script, as "$@". */
const inShell = (script: string, ...args: string[]) =>
  run("sh", ["-c", script, "sh", process.execPath, cli, ...args]);

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

test("a seed samples the same text each time, with and without drafts; an invalid temperature is reported", async () => {
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

test("a draft model does not change the text; an unsuitable one is refused", async () => {
  const plain = await foretoken("complete", place, "--no-drafts");
  const { code, out, err } = await foretoken(
    "complete",
    place,
    "--json",
    "--draft-model",
    fixtureModelPath(),
  );
  assert.equal(code, 0, err);
  assert.equal(`${JSON.parse(out).text}\n`, plain.out);
  const other = join(folder, "other.gguf");
  makeModel({ shape: "tiny", type: "q8_0", seed: 3, tokenizerPath: fixtureModelPath() }, other);
  const refused = await foretoken("complete", place, "--draft-model", other);
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /other\.gguf has a different vocabulary from .*Name a smaller model of the same family, or a smaller quantisation of the same model, with --draft-model, or leave it out/,
  );
  const none = await foretoken("complete", place, "--draft-model", "auto");
  assert.equal(none.out, plain.out, "where there is none, nothing of it drafts");
});

test("an interrupted completion ends with the signal's exit code", async () => {
  // Long enough to be interrupted: the text at this place does not end by itself.
  const long = join(folder, "long.txt");
  writeFileSync(long, "one two three four ");
  const env = { ...process.env, XDG_CACHE_HOME: folder, FORETOKEN_MODEL: fixtureModelPath() };
  const child = spawn(
    process.execPath,
    [cli, "complete", `${long}:1:20`, "--max-tokens", "3000", "--temperature", "2"],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", chunk => {
    errors += chunk;
  });
  child.stdout.once("data", () => child.kill("SIGINT"));
  const [code] = await once(child, "close");
  assert.equal(code, 130, errors);
  assert.match(errors, /^foretoken: The completion was interrupted\.$/m);
});

test("a chosen model that no longer exists is named, and the default model can still be requested", async () => {
  const cache = mkdtempSync(join(folder, "chosen-"));
  mkdirSync(join(cache, "foretoken"));
  writeFileSync(join(cache, "foretoken", "model.txt"), "/nowhere/gone.gguf\n");
  const complete = (...args: string[]) =>
    run(process.execPath, [cli, "complete", place, "--max-tokens", "4", ...args], { XDG_CACHE_HOME: cache });
  const gone = await complete();
  assert.equal(gone.code, 1);
  assert.match(
    gone.err,
    /chosen with "foretoken model use" no longer exists: \/nowhere\/gone\.gguf\..* foretoken model use default\.\n$/,
  );
  assert.equal((await complete("--model", "default")).code, 0);
});

test("wrong arguments are refused with the reason on standard error", async () => {
  const cases: [args: string[], says: RegExp][] = [
    [["complete", `${source}:99:1`], /sample\.py has 7 lines; there is no line 99/],
    [["complete", `${source}:1:99`], /Line 1 of .* has 9 characters .*; there is no column 99/],
    [["complete", join(folder, "absent.py:1:1")], /absent\.py does not exist\.\n$/],
    [
      ["complete", "sample.py"],
      /^Usage:\n {2}foretoken complete .*Expected FILE:LINE:COLUMN, got sample\.py\.\n$/s,
    ],
    [["complete", place, "one", "more"], /Nothing more is expected here: one more\.\n$/],
    [["complete", place, "--max-tokens", "none"], /--max-tokens must be a whole number/],
    [["complete", place, "--model", join(folder, "absent.gguf")], /There is no model .*absent\.gguf/],
    [["complete", place, "--colour"], /\n\nforetoken: There is no option --colour\.\n$/],
    [["complete", place, "--model"], /\n\nforetoken: --model needs a value\.\n$/],
    [["complete", place, "--top-k", "3"], /\n\nforetoken: --top-k needs --temperature\.\n$/],
    [
      ["complete", place, "--backend", "foo"],
      /^foretoken: --backend must be auto, cpu, cuda, vulkan or metal, got foo\.\n$/,
    ],
    [["chat", "hello"], /Nothing more is expected here: hello\.\n$/],
    [["chat", "--backend", "foo"], /--backend must be auto, .* got foo/],
    [["serve", "--stdio", "--foo"], /^Usage:\n {2}foretoken serve .*There is no option --foo\.\n$/s],
    [["serve"], /serve needs --stdio\.\n$/],
    [["model", "list", "--foo"], /foretoken: There is no option --foo\.\n$/],
    [
      ["datastore", "info", "--foo"],
      /^Usage:\n {2}foretoken datastore build .*\n\nforetoken: There is no option --foo\.\n$/s,
    ],
    [
      ["datastore", "info"],
      /^Usage:\n {2}foretoken datastore build .*\n\nforetoken: info needs the folder of a store\.\n$/s,
    ],
    [
      ["frobnicate"],
      /^foretoken: There is no command frobnicate\. "foretoken --help" lists the commands\.\n$/,
    ],
    [[], /^Usage:.*\n\nforetoken: No command given\.\n$/s],
  ];
  for (const [args, says] of cases) {
    const { code, out, err } = await foretoken(...args);
    assert.equal(code, 1, args.join(" "));
    assert.equal(out, "");
    assert.match(err, says);
    assert.doesNotMatch(err, /\n {4}at /, "no stack trace");
  }
});

test("the help of a command describes only that command", async () => {
  for (const command of ["serve", "complete", "chat", "model"]) {
    const { code, out } = await foretoken(command, "--help");
    assert.equal(code, 0);
    const commands = new Set([...out.matchAll(/^ {2}foretoken (\w+)/gm)].map(([, name]) => name));
    assert.deepEqual([...commands], [command]);
  }
  assert.match((await foretoken("complete", "--help")).out, /columns in UTF-16\s+units/);
  assert.match((await foretoken("--help")).out, /foretoken datastore.*foretoken bench/s);
});

test("a closed output pipe ends a command silently; a full disk is reported in one line", {
  skip: !existsSync("/dev/full") && "no /dev/full",
}, async () => {
  for (const args of [["--help"], ["model", "list"], ["complete", place]]) {
    // The reader has exited before the command line starts.
    const gone = await inShell('exec 3>&1; { "$@"; echo $? >&3; } | true', ...args);
    assert.equal(gone.out, "0\n", gone.err);
    assert.doesNotMatch(gone.err, /EPIPE|\n {4}at /);
    const full = await inShell('"$@" > /dev/full', ...args);
    assert.equal(full.code, 1);
    assert.match(
      full.err,
      /foretoken: the output cannot be written: ENOSPC: no space left on device, write\n$/,
    );
    assert.doesNotMatch(full.err, /\n {4}at /);
    const mute = await inShell('"$@" 2> /dev/full', ...args);
    assert.equal(mute.code, 0);
  }
});

test("a file that is not UTF-8 text is refused; single invalid bytes are reported", async () => {
  const [utf16, latin] = [join(folder, "utf16.py"), join(folder, "latin.py")];
  writeFileSync(utf16, Buffer.from("import os\n", "utf16le"));
  writeFileSync(latin, Buffer.from("name = 'J\u00fcrgen'\n", "latin1"));
  const refused = await foretoken("complete", `${utf16}:1:1`);
  assert.deepEqual([refused.code, refused.out], [1, ""]);
  assert.match(refused.err, /utf16\.py is not text in UTF-8\./);
  const told = await foretoken("complete", `${latin}:1:1`, "--max-tokens", "4");
  assert.equal(told.code, 0, told.err);
  assert.match(told.err, /latin\.py is not entirely UTF-8: .* U\+FFFD/);
});

test("a store or draft model that cannot be used is refused before anything is measured", async () => {
  const fresh = { XDG_CACHE_HOME: join(folder, "fresh") };
  for (const option of ["--datastore", "--draft-model"]) {
    const absent = join(folder, "absent.gguf");
    const { code, err } = await run(process.execPath, [cli, "complete", place, option, absent], fresh);
    assert.equal(code, 1);
    assert.match(err, /absent\.gguf/);
    assert.doesNotMatch(err, /measuring/);
  }
  const { err } = await run(process.execPath, [cli, "complete", place, "--max-tokens", "4"], fresh);
  assert.match(
    err,
    /measuring how this machine runs the model\nforetoken: Tuned: /,
    "what came of it is told",
  );
});

test("a back end without a device is reported", async () => {
  const args = [cli, "complete", place, "--max-tokens", "4", "--backend", "vulkan"];
  const none = join(folder, "no-driver.json");
  const { code, out, err } = await run(process.execPath, args, {
    VK_DRIVER_FILES: none,
    VK_ICD_FILENAMES: none,
  });
  if (findBackend("vulkan")) {
    assert.equal(code, 0, err);
    assert.ok(out.length > 0);
    assert.match(err, /No graphics device for vulkan was found: the model runs on the CPU\./);
  } else assert.match(err, /llama\.cpp for vulkan is not installed/);
});

test("a model whose load has ended a process repeatedly is tried again by the check that the message names", async () => {
  const storage = join(folder, "ended");
  const model = fixtureModelPath();
  const { size, mtimeMs } = statSync(model);
  const subject = `model ${model} ${size} ${mtimeMs} cpu`;
  const attempts = join(storage, "foretoken", "attempts");
  mkdirSync(attempts, { recursive: true });
  for (const minutes of [1, 2]) {
    // No process has this number.
    const attempt = { subject, pid: 2 ** 22 + minutes, at: Date.now() - minutes * 60_000 };
    writeFileSync(join(attempts, `${minutes}.json`), JSON.stringify(attempt));
  }
  const environment = { XDG_CACHE_HOME: storage };
  const complete = [cli, "complete", place, "--max-tokens", "4", "--backend", "cpu"];
  const refused = await run(process.execPath, complete, environment);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /repeatedly.* To try it again: foretoken model check MODEL\.\n$/);
  const checked = await run(
    process.execPath,
    [cli, "model", "check", model, "--backend", "cpu"],
    environment,
  );
  assert.match(checked.out, / on cpu: /, checked.err);
  assert.equal((await run(process.execPath, complete, environment)).code, 0);
});

test("a benchmark whose process is ended from outside says so", async t => {
  if (process.platform !== "linux") return t.skip("the kernel does not list a process's children in a file");
  const child = spawn(process.execPath, [cli, "bench", "cost", "--model", fixtureModelPath()], {
    env: { ...process.env, XDG_CACHE_HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const said = text(child.stderr);
  let own = "";
  while (own === "" && child.exitCode === null) {
    own = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
    await pause(20);
  }
  process.kill(Number(own), "SIGKILL");
  assert.deepEqual(await ended, [1, null]);
  assert.equal(await said, "foretoken: The measuring process was ended by SIGKILL.\n");
});

test("the bundled command line starts with a shebang for Node", () => {
  const [first] = readFileSync(join(packageRoot(), "dist", "cli.js"), "utf8").split("\n");
  assert.equal(first, "#!/usr/bin/env node");
});
