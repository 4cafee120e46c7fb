/** Datastores of a server with a real model. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { modelLoader } from "../../server/model/loader.ts";
import { BuildProgress, type BuildReport, RebuildDatastoreRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { UNUSUAL, writeFunctions } from "../fakes/functions.ts";
import { FakeHub } from "../fakes/hub.ts";
import { writeStackV1 } from "../fakes/parquet.ts";
import { until } from "../fakes/until.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

// For all processes of this file.
process.env.FORETOKEN_MODEL = fixtureModelPath();

const folder = mkdtempSync(join(tmpdir(), "foretoken-server-datastores-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const corpus = writeFunctions(join(folder, "corpus"));

test("the server builds a store on request, shows it, keeps it across a restart and drafts from it", async () => {
  const storageDirectory = join(folder, "storage");
  const settings = { modelPath: fixtureModelPath(), backend: "cpu", threads: 1, firstDatastore: false };
  const client = await connect({ modelLoader }, { storageDirectory, settings });
  await client.status(({ state }) => state === "ready");
  const reports: BuildReport[] = [];
  const progressToken = "build";
  client.connection.onProgress(BuildProgress, progressToken, report => void reports.push(report));
  const answer = await client.connection.sendRequest(RebuildDatastoreRequest, {
    source: corpus,
    name: "corpus",
    progressToken,
  });
  assert.equal(answer.problem, undefined);
  assert.ok((answer.tokens ?? 0) > 100);
  const { stores } = await client.status(status => (status.stores?.length ?? 0) > 0);
  assert.equal(stores?.[0]?.name, "corpus");
  assert.equal(stores?.[0]?.tokens, answer.tokens);

  const bad = await client.connection.sendRequest(RebuildDatastoreRequest, {
    source: join(folder, "nowhere.parquet"),
    name: "corpus",
  });
  assert.match(bad.problem ?? "", /nowhere\.parquet/);
  // Nothing is drafted until the size of exact trees is known.
  await until("the tuning", () => client.log.some(line => line.startsWith("Tuned")));
  await client.close();

  const again = await connect({ modelLoader }, { storageDirectory, settings });
  const ready = await again.status(status => (status.stores?.length ?? 0) > 0);
  assert.equal(ready.stores?.[0]?.tokens, answer.tokens, "a failed build leaves the old store in use");
  const uri = pathToFileURL(join(folder, "x.py")).href;
  again.open(uri, "def reticulate_splines(quantum, flux):\n    return quantum.");
  await again.complete(uri, { line: 1, character: 19 }).items;
  const { last } = await again.status(status => status.last !== undefined);
  assert.ok((last?.drafted ?? 0) > 0, "something was drafted of which the document says nothing");
  await again.close();
});

test("a request's access token is sent to the hub, a refused one is reported, and neither is logged", async () => {
  const parquet = join(folder, "tokened.parquet");
  const repositories = [{ name: "good/one", path: "a/b.py", licences: ["MIT"] }];
  writeStackV1(parquet, [{ content: UNUSUAL, repositories }]);
  const hub = await FakeHub.start("bigcode/the-stack-dedup", {
    "data/python/data-00000-of-00001.parquet": readFileSync(parquet),
  });
  hub.switches.token = "hf_kept";
  const { HF_ENDPOINT } = process.env;
  process.env.HF_ENDPOINT = hub.url;
  const client = await connect(
    { modelLoader },
    {
      storageDirectory: join(folder, "tokened"),
      settings: { modelPath: fixtureModelPath(), backend: "cpu", threads: 1 },
    },
  );
  const build = (hubToken: string) =>
    client.connection.sendRequest(RebuildDatastoreRequest, {
      source: "the-stack-dedup",
      name: "the-stack",
      first: 1,
      hubToken,
    });
  try {
    await client.status(({ state }) => state === "ready");
    assert.match((await build("hf_refused")).problem ?? "", /did not accept the access token/);
    assert.ok(((await build("hf_kept")).tokens ?? 0) > 10);
    assert.ok(!client.log.some(line => line.includes("hf_")), "a token is never written to the log");
  } finally {
    if (HF_ENDPOINT === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = HF_ENDPOINT;
    await client.close();
    await hub.close();
  }
});

test("a first store is built once from the installed Python without a request, and again when unreadable", async context => {
  if (process.platform === "win32") return context.skip("the stand-in for Python is a shell script");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const answer = JSON.stringify(["3.99.0", [corpus, corpus, corpus, corpus]]);
  writeFileSync(join(bin, "python3"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${bin}:${PATH}`;
  try {
    const storageDirectory = join(folder, "first");
    const settings = { modelPath: fixtureModelPath(), backend: "cpu", threads: 1, firstDatastore: true };
    const client = await connect({ modelLoader }, { storageDirectory, settings });
    client.open("file:///project/sample.py", "");
    const { stores } = await client.status(status => (status.stores?.length ?? 0) > 0);
    assert.deepEqual([stores?.[0]?.name, stores?.[0]?.problem], ["python", undefined]);
    await client.close();
    const again = await connect({ modelLoader }, { storageDirectory, settings });
    again.open("file:///project/sample.py", "");
    const { stores: kept } = await again.status(status => (status.stores?.length ?? 0) > 0);
    assert.equal(kept?.[0]?.created, stores?.[0]?.created, "and not made again");
    await again.close();
    const manifest = join(storageDirectory, "datastores", "python", "manifest.json");
    const outdated = { ...JSON.parse(readFileSync(manifest, "utf8")), version: 1 };
    writeFileSync(manifest, JSON.stringify(outdated));
    const later = await connect({ modelLoader }, { storageDirectory, settings });
    later.open("file:///project/sample.py", "");
    const { stores: anew } = await later.status(
      status => status.stores?.[0]?.problem === undefined && !!status.stores?.[0],
    );
    assert.equal(anew?.length, 1);
    assert.notEqual(anew[0]?.created, stores?.[0]?.created, "but where this version cannot read it");
    await later.close();
  } finally {
    process.env.PATH = PATH;
  }
});
