import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { commandLineScript } from "../../server/system/paths.ts";
import { writeGguf } from "../bench/gguf.ts";
import { COMMIT, FakeHub } from "../fakes/hub.ts";
import { FakeProxy } from "../fakes/proxy.ts";
import { until } from "../fakes/until.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

const cache = mkdtempSync(join(tmpdir(), "foretoken-model-command-"));
const content = readFileSync(fixtureModelPath());
const KILLS = 20;
let hub: FakeHub;
before(async () => {
  hub = await FakeHub.start("a/b", { "m-Q8_0.gguf": content }, 2, "model");
});
after(async () => {
  await hub.close();
  rmSync(cache, { recursive: true, force: true });
});

const REFERENCE = "hf:a/b:m-Q8_0.gguf";
const path = () => join(cache, "foretoken", "models", "hf", "a", "b", COMMIT, "m-Q8_0.gguf");

function start(
  env: Readonly<Record<string, string>>,
  ...args: string[]
): {
  child: ChildProcess;
  done: Promise<{ code: number | null; out: string }>;
} {
  const home = { HOME: cache, XDG_CACHE_HOME: cache, HF_ENDPOINT: hub.url, FORETOKEN_MODEL: "" };
  const child = spawn(process.execPath, [commandLineScript(), "model", ...args], {
    env: { ...process.env, ...home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", chunk => {
      out += chunk;
    });
  return { child, done: once(child, "close").then(([code]) => ({ code, out })) };
}

const run = (...args: string[]) => start({}, ...args).done;

const arrived = () => statSync(`${path()}.part`, { throwIfNoEntry: false })?.size ?? 0;

test("a download that is killed twenty times fetches no byte twice", async () => {
  let total = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const bytes = 1 + ((kill * 48271 + 7919) % Math.floor(content.length / KILLS));
    hub.switches.stallAfter = [bytes];
    const { child, done } = start({}, "get", REFERENCE);
    total += bytes;
    await until(`${total} bytes`, () => arrived() >= total);
    child.kill("SIGKILL");
    await done;
  }
  const { code, out } = await run("get", REFERENCE);
  assert.equal(code, 0, out);
  assert.deepEqual(readFileSync(path()), content);
  assert.equal(hub.servedBytes, content.length);
});

test("a model is fetched through the proxy that the environment names", async () => {
  const proxy = await FakeProxy.start(Number(new URL(hub.url).port));
  try {
    const behind = { XDG_CACHE_HOME: join(cache, "proxy"), HF_ENDPOINT: "http://hub.test" };
    const { code, out } = await start({ ...behind, http_proxy: proxy.address }, "get", REFERENCE).done;
    assert.equal(code, 0, out);
    assert.ok(proxy.asked.length > 0 && proxy.asked.every(host => host === "hub.test:80"));
  } finally {
    await proxy.close();
  }
});

test("a fetched model can be listed, described, chosen and removed", async () => {
  assert.match((await run("list")).out, /On this machine:\n {2}hf:a\/b:m-Q8_0\.gguf/);
  assert.match((await run("info", REFERENCE)).out, new RegExp(`Path: +${path()}`));
  const used = await run("use", REFERENCE);
  assert.match(used.out, /"foretoken\.modelPath": "hf:a\/b:m-Q8_0\.gguf"/);
  assert.equal(readFileSync(join(cache, "foretoken", "model.txt"), "utf8").trim(), path());
  const other = await run("info", REFERENCE, "--json");
  assert.equal(other.code, 1);
  assert.match(other.out, /model info has no option --json/);
  const removed = await run("remove", REFERENCE);
  assert.equal(removed.code, 0, removed.out);
  assert.match(removed.out, /The command line uses the default model again\./);
  assert.ok(!existsSync(join(cache, "foretoken", "model.txt")));
  assert.match((await run("info", REFERENCE)).out, /not on this machine/);
});

test("a model whose file cannot be deleted stays listed, and can be removed later", async () => {
  const kept = join(dirname(path()), "kept-Q8_0.gguf");
  // A folder is not deleted, as a file in use is not on Windows.
  mkdirSync(kept, { recursive: true });
  const receipt = { references: ["hf:a/b:kept-Q8_0.gguf"], bytes: 1, fetched: "2026-01-01" };
  writeFileSync(`${kept}.fetched.json`, JSON.stringify(receipt));
  const refused = await run("remove", "hf:a/b:kept-Q8_0.gguf");
  assert.equal(refused.code, 1);
  assert.match(refused.out, /kept-Q8_0\.gguf cannot be deleted: .* close them, and try again\.\n$/);
  rmSync(kept, { recursive: true });
  writeFileSync(kept, "x");
  assert.equal((await run("remove", "hf:a/b:kept-Q8_0.gguf")).code, 0);
});

test("an interrupted fetch ends with the signal's exit code and keeps the bytes received", async () => {
  for (const [signal, wanted] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const before = arrived();
    hub.switches.stallAfter = [10_000];
    const { child, done } = start({}, "get", REFERENCE);
    await until("some bytes", () => arrived() >= before + 10_000);
    child.kill(signal);
    const { code, out } = await done;
    assert.equal(code, wanted, out);
    assert.match(
      out,
      /^foretoken: The fetch was interrupted\. The same command continues where it stopped\.$/m,
    );
    assert.ok(arrived() >= before + 10_000);
  }
});

test("a file that is no model which generates text cannot be chosen", async () => {
  const lora = join(cache, "lora.gguf");
  writeGguf(lora, new Map([["general.type", { type: "string", value: "adapter" }]]), []);
  const { code, out } = await run("use", lora);
  assert.equal(code, 1);
  assert.match(out, /lora\.gguf is an adapter \(LoRA\).*\. Use a file in which it is merged/);
});

test("the check command reports what a model cannot do, and fails", async () => {
  const { code, out } = await run("check", fixtureModelPath(), "--json");
  assert.equal(code, 1, out);
  const report = JSON.parse(out.slice(out.indexOf("{")));
  assert.match(report.problem, /does not fill in missing code/);
  assert.equal(report.tokenizer, true);
  assert.equal(report.drafts.equal, true);
  assert.ok(report.drafts.tokens >= 50 && report.tokensPerSecond > 0);
});

test("the included model is checked under the name default, and may be used", async () => {
  const { code, out } = await run("check", "default");
  assert.equal(code, 0, out);
  assert.match(out, /may be used/);
  assert.match(out, /middles filled in correctly: [3-6] of 6 \(suffix-first; [01] in the other order\)/);
});

test("the included model is described under the name default", async () => {
  const { code, out } = await run("info", "default");
  assert.equal(code, 0, out);
  assert.match(out, /Path: +\/.*\.gguf\nSize: +\d+ MB/);
});

test("a choice of model that cannot be saved is reported with its file", async () => {
  const blocked = join(cache, "blocked");
  writeFileSync(blocked, "");
  const { code, out } = await start({ XDG_CACHE_HOME: blocked }, "use", fixtureModelPath()).done;
  assert.equal(code, 1);
  assert.match(out, /blocked.*cannot be written: .*XDG_CACHE_HOME/);
  assert.doesNotMatch(out, /\n +at /);
});

test("a command that cannot be carried out is reported with a remedy", async () => {
  const cases: [string[], RegExp][] = [
    [["get", "qwen2.5-coder:9b"], /no model qwen2\.5-coder:9b.*qwen2\.5-coder:7b/],
    [["get", "m.gguf"], /There is no model at .*m\.gguf\. The catalogue has/],
    [["get", commandLineScript()], /is on this machine: there is nothing to fetch/],
    [["check", "qwen2.5-coder:7b"], /has not been fetched/],
    [["check", "/nowhere/m.gguf"], /There is no model at \/nowhere\/m\.gguf/],
    [["use", "/nowhere/m.gguf"], /There is no model at \/nowhere\/m\.gguf/],
    [["use", commandLineScript()], /cli\.js is not a GGUF file/],
    [["info", commandLineScript()], /cli\.js is not a GGUF file/],
    [["info", dirname(commandLineScript())], /dist is not a GGUF file/],
    [["info", "qwen2.5-coder"], /There is no model at .*qwen2\.5-coder\..*qwen2\.5-coder:7b/],
    [["get", "default"], /is included/],
    [["remove", "default"], /was not fetched by Foretoken/],
    [["info"], /model info needs a model/],
    [["list", "surplus"], /surplus is one too many: model list takes no model/],
    [["info", "default", "surplus"], /surplus is one too many/],
    [["remove", fixtureModelPath()], /was not fetched by Foretoken/],
    [["list", "--catalogue", "/nowhere.json"], /Correct --catalogue, or leave it out/],
    [["frobnicate", "x"], /There is no action frobnicate/],
    [["get", "hf:a/b:m-Q2_K.gguf"], /has no file m-Q2_K\.gguf/],
  ];
  for (const [args, expected] of cases) {
    const { code, out } = await run(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(out, expected);
  }
});
