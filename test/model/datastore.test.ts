import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { modelLoader } from "../../server/model/loader.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { connect } from "../fakes/client.ts";
import { UNUSUAL, writeFunctions } from "../fakes/functions.ts";
import { FakeHub } from "../fakes/hub.ts";
import { writeStackV1 } from "../fakes/parquet.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

// For all processes of this file.
process.env.FORETOKEN_MODEL = fixtureModelPath();

const folder = mkdtempSync(join(tmpdir(), "foretoken-datastore-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const script = join(packageRoot(), "dist", "cli.js");

function foretoken(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    const env = {
      ...process.env,
      XDG_CACHE_HOME: join(folder, "cache"),
      FORETOKEN_MODEL: fixtureModelPath(),
    };
    execFile(process.execPath, [script, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const corpus = writeFunctions(join(folder, "corpus"));
const built = foretoken("datastore", "build", "--source", corpus, "--out", join(folder, "store"));

test("an interrupted build ends with the signal's exit code and says how to continue it", async t => {
  if (process.platform === "win32") return t.skip("there are no signals to wait for");
  for (const [signal, wanted] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const out = mkdtempSync(join(tmpdir(), "foretoken-interrupted-"));
    after(() => rmSync(out, { recursive: true, force: true }));
    const args = [script, "datastore", "build", "--source", "python", "--out", out, "--progress"];
    const child = spawn(process.execPath, args, { env: process.env, stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", chunk => {
      errors += chunk;
    });
    child.stdout.once("data", () => child.kill(signal));
    const code = await new Promise(resolve => child.once("close", resolve));
    assert.equal(code, wanted, errors);
    assert.match(
      errors,
      /^foretoken: The build was interrupted\. The same command continues where it stopped\.$/m,
    );
  }
});

test("a store is built of the conversations in a file, or of another column that --column names", async () => {
  const path = join(folder, "talk.json");
  const said = "Certainly, the reticulated splines of the quantum flux are counted in the evening.";
  const talk = {
    conversations: [
      { from: "human", value: "Which?" },
      { from: "gpt", value: said },
    ],
    note: "Noted: nothing at all was counted, neither in the morning nor later.",
  };
  writeFileSync(path, JSON.stringify([talk], undefined, 2));
  // Not in the folder whose stores another test lists.
  const store = mkdtempSync(join(tmpdir(), "foretoken-talk-"));
  after(() => rmSync(store, { recursive: true, force: true }));
  const found = await foretoken("datastore", "build", "--source", path, "--out", store);
  assert.equal(found.code, 0, found.err);
  const asked = await foretoken("datastore", "query", store, "--text", "the reticulated splines of the");
  assert.match(asked.out, /quantum flux/);
  const noted = await foretoken("datastore", "build", "--source", path, "--out", store, "--column", "note");
  assert.equal(noted.code, 0, noted.err);
  const again = await foretoken("datastore", "query", store, "--text", "Noted: nothing");
  assert.match(again.out, /at all/);
  const none = await foretoken("datastore", "build", "--source", path, "--out", store, "--column", "no.such");
  assert.equal(none.code, 1);
  assert.match(
    none.err,
    /talk\.json: none of its 1 lines .*"no\.such"\. It has conversations, note\..*--column/,
  );
});

test("a store built from a folder has figures that add up", async () => {
  const { code, err } = await built;
  assert.equal(code, 0, err);
  const { out } = await foretoken("datastore", "info", join(folder, "store"), "--json");
  const info = JSON.parse(out);
  const dropped = Object.values<number>(info.dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(info.documents + dropped, 30);
  assert.ok(info.tokens > 100 && info.textBytes > 1000 && info.bytesPerToken > 0);
  assert.equal(info.tokenizer.model, fixtureModelPath());
  assert.equal((await foretoken("datastore", "verify", join(folder, "store"))).code, 0);
  const list = await foretoken("datastore", "list", folder, "--json");
  assert.deepEqual(
    JSON.parse(list.out).map(({ directory }: { directory: string }) => directory),
    [join(folder, "store")],
  );
});

test("a query reports what followed the text, and in which file", async () => {
  await built;
  const { out, err } = await foretoken(
    "datastore",
    "query",
    join(folder, "store"),
    "--text",
    "def reticulate_splines(quantum,",
    "--json",
  );
  const [first] = JSON.parse(out || err).continuations;
  assert.match(first.text, /^ flux\)/);
  assert.match(first.origin, /module\d+\.py$/);
});

test("wrong arguments are refused with the reason", async () => {
  await built;
  const store = join(folder, "store");
  for (const [args, expected] of [
    [
      ["build", "--source", "no-such-source", "--out", join(folder, "none")],
      /no-such-source.*the-stack-dedup/s,
    ],
    [["build", "--source", corpus, "--out", join(folder, "none"), "--shard", "3/3"], /--shard must be I\/N/],
    [["info", join(folder, "none")], /There is no datastore in .*none.*datastore build/s],
    [["remove", folder], /There is no datastore/],
    [["query", store], /query needs --text/],
    [["remove", store, "--repository", ""], /--repository names nothing/],
    [["remove", store, "--source", corpus, "--json"], /datastore remove has no option --source/],
    [["info", store, "--threads", "2"], /datastore info has no option --threads/],
    [["info", store, "surplus"], /Nothing more is expected here: surplus/],
    [["build", corpus, "--out", store], /Nothing more is expected here: .*corpus/],
    [["dance"], /There is no action dance/],
    [["constructor", store], /There is no action constructor/],
  ] as const) {
    const { code, err } = await foretoken("datastore", ...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, expected);
    assert.doesNotMatch(err, /\n {4}at /, "no stack trace");
  }
  assert.equal((await foretoken("datastore", "verify", store)).code, 0, "nothing of it is removed");
});

test("a store that cannot be read does not hide the others from the list", async () => {
  await built;
  const stores = join(folder, "some-damaged");
  cpSync(join(folder, "store"), join(stores, "whole"), { recursive: true });
  cpSync(join(folder, "store"), join(stores, "broken"), { recursive: true });
  writeFileSync(join(stores, "broken", "manifest.json"), "{");
  const { code, out } = await foretoken("datastore", "list", stores);
  assert.equal(code, 0);
  assert.match(out, /broken {2}.*manifest\.json is damaged.*\n.*whole {2}.* tokens {2}/);
});

test("a removal that finds nothing is reported, and so is a store that another one replaces", async () => {
  await built;
  const directory = join(folder, "exchanged");
  cpSync(join(folder, "store"), directory, { recursive: true });
  const nothing = await foretoken("datastore", "remove", directory, "--repository", "no/body");
  assert.match(nothing.out, /has no document of no\/body/);
  const someId = await foretoken("datastore", "remove", directory, "--content", "0".repeat(40));
  assert.match(someId.out, /has no document of 0+/, "whatever was removed before");
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "one.py"), `import os\n\n\n${UNUSUAL.repeat(4)}`);
  const again = ["datastore", "build", "--source", other, "--out", directory] as const;
  assert.match(
    (await foretoken(...again)).err,
    /holds a store of .*corpus: it is replaced by one of .*other/,
  );
  const same = await foretoken(...again);
  assert.doesNotMatch(same.err, /replaced/);
  assert.match(same.out, /tokens of 1 document in 1 shard,/);
});

test("The Stack is built from the hub: licences and the deny list are respected, and downloads are removed", async () => {
  const parquet = join(folder, "stack.parquet");
  const repository = (name: string, licence: string) => [{ name, path: "a/b.py", licences: [licence] }];
  writeStackV1(parquet, [
    { content: UNUSUAL, repositories: repository("good/one", "MIT") },
    { content: `${UNUSUAL}import viral\n`, repositories: repository("viral/two", "GPL-3.0") },
    { content: `${UNUSUAL}import gone\nprint(gone)\n`, repositories: repository("Gone/Three", "MIT") },
  ]);
  const hub = await FakeHub.start("bigcode/the-stack-dedup", {
    "data/python/data-00000-of-00002.parquet": readFileSync(parquet),
    "data/python/data-00001-of-00002.parquet": readFileSync(parquet),
  });
  hub.switches.token = "hf_test";
  const denied = join(folder, "denied.txt");
  writeFileSync(denied, "gone/three # asked to\n");
  const out = join(folder, "stack");
  const run = (token: string) =>
    new Promise<string>(resolve => {
      const env = { ...process.env, HF_ENDPOINT: hub.url, HF_TOKEN: token };
      const args = ["datastore", "build", "--source", "the-stack-dedup", "--first", "1", "--out", out];
      execFile(
        process.execPath,
        [script, ...args, "--deny-list", denied],
        { env },
        (_error, stdout, stderr) => resolve(stdout + stderr),
      );
    });
  try {
    assert.match(await run("hf_wrong"), /token|HF_TOKEN/i);
    assert.match(await run("hf_test"), /attribution.*tokens of 1 document in/s);
  } finally {
    await hub.close();
  }
  const info = JSON.parse((await foretoken("datastore", "info", out, "--json")).out);
  assert.deepEqual(info.dropped, { licence: 1, denied: 1 });
  const { out: reported } = await foretoken(
    "datastore",
    "query",
    out,
    "--text",
    "def reticulate_splines(",
    "--json",
  );
  assert.match(JSON.parse(reported).continuations[0].origin, /good\/one/);
  assert.equal(
    readdirSync(out, { recursive: true }).filter(file => `${file}`.endsWith(".parquet")).length,
    0,
  );
  const removed = await foretoken("datastore", "remove", out, "--owner", "good");
  assert.match(removed.out, /from now on: 1 document\./);
  const { out: after } = await foretoken(
    "datastore",
    "query",
    out,
    "--text",
    "def reticulate_splines(",
    "--json",
  );
  assert.deepEqual(JSON.parse(after).continuations, []);
});

test("a killed build leaves no store, and the next build completes it", async () => {
  const out = join(folder, "killed");
  const child = spawn(process.execPath, [
    script,
    ...["datastore", "build", "--source", join(packageRoot(), "node_modules"), "--source", corpus],
    ...["--out", out, "--progress"],
  ]);
  await new Promise(resolve => child.stdout.once("data", resolve));
  child.kill("SIGKILL");
  await new Promise(resolve => child.once("exit", resolve));
  assert.equal((await foretoken("datastore", "info", out)).code, 1);
  const { code, err } = await foretoken("datastore", "build", "--source", corpus, "--out", out);
  assert.equal(code, 0, err);
  assert.equal((await foretoken("datastore", "verify", out)).code, 0);
});

test("the tasks of an indexed job build one store together", async () => {
  const out = join(folder, "job");
  const sources = ["a", "b", "c"].flatMap(name => {
    cpSync(corpus, join(folder, name), { recursive: true });
    appendFileSync(join(folder, name, "module0.py"), `\nNAME = "${name}"\n`);
    return ["--source", join(folder, name)];
  });
  for (const task of ["2", "0", "1", "1"]) {
    const env = { ...process.env, JOB_COMPLETION_INDEX: task };
    await new Promise<void>((resolve, reject) => {
      const args = ["datastore", "build", ...sources, "--out", out, "--shard", "auto/3"];
      execFile(process.execPath, [script, ...args], { env }, error => (error ? reject(error) : resolve()));
    });
  }
  const info = JSON.parse((await foretoken("datastore", "info", out, "--json")).out);
  assert.deepEqual([info.shards, info.missingShares], [3, []]);
});

test("drafts from a store do not change the text", async () => {
  await built;
  const source = join(folder, "sample.py");
  writeFileSync(
    source,
    "import os\n\n\ndef function_3(path, mode=3):\n    with open(path) as handle:\n        return ",
  );
  const place = `${source}:6:16`;
  const run = async (...more: string[]) =>
    JSON.parse((await foretoken("complete", place, "--json", "--max-tokens", "40", ...more)).out);
  const plain = await run("--no-drafts");
  const drafted = await run("--datastore", join(folder, "store"));
  assert.equal(drafted.text, plain.text);
  const asked = drafted.sources.find(({ name }: { name: string }) => name === "datastore");
  assert.ok(asked.searchMs > 0, "the store was searched");
});

test("a store for another tokenizer is refused with the remedy", async () => {
  await built;
  const storageDirectory = join(folder, "other");
  const store = join(storageDirectory, "datastores", "mine");
  cpSync(join(folder, "store"), store, { recursive: true });
  const manifest = join(store, readdirSync(store).find(file => file.startsWith("manifest")) as string);
  const changed = JSON.parse(readFileSync(manifest, "utf8"));
  changed.tokenizer.fingerprint = "other";
  writeFileSync(manifest, JSON.stringify(changed));
  const client = await connect(
    { modelLoader },
    { storageDirectory, settings: { modelPath: fixtureModelPath(), backend: "cpu" } },
  );
  const { stores } = await client.status(status => (status.stores?.length ?? 0) > 0);
  assert.match(stores?.[0]?.problem ?? "", /Rebuild Datastore/);
  assert.ok(client.log.some(line => /mine|store/.test(line) && /not used/.test(line)));
  await client.close();
});
