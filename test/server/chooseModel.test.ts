import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  FetchModelRequest,
  ListModelsRequest,
  ModelProgress,
  type ModelProgressReport,
} from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { FakeHub } from "../fakes/hub.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

const cache = mkdtempSync(join(tmpdir(), "foretoken-choose-"));
const content = readFileSync(fixtureModelPath());
const environment = { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME, HF_ENDPOINT: process.env.HF_ENDPOINT };
let hub: FakeHub;
before(async () => {
  hub = await FakeHub.start("a/b", { "m-Q8_0.gguf": content }, 2, "model");
  process.env.XDG_CACHE_HOME = cache;
  process.env.HF_ENDPOINT = hub.url;
});
after(async () => {
  for (const [name, value] of Object.entries(environment))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  await hub.close();
  rmSync(cache, { recursive: true, force: true });
});

const start = (catalogue = "", address = "") =>
  connect(
    { modelLoader: () => async () => ({ engine: new FakeEngine(saying("x")) }) },
    { settings: { catalogue, hub: address } },
  );

test("the models of the catalogue are listed, or the problem with the user's own catalogue is reported", async () => {
  const client = await start();
  const { models } = await client.connection.sendRequest(ListModelsRequest);
  const small = models.find(({ reference }) => reference === "qwen2.5-coder:0.5b");
  assert.equal(small?.bytes, 531_068_128);
  assert.equal(small?.fit, "yes");
  await client.close();
  const file = join(cache, "catalogue.json");
  writeFileSync(file, "{}");
  const other = await start(file);
  const { problem } = await other.connection.sendRequest(ListModelsRequest);
  assert.match(problem?.message ?? "", /catalogue\.json is not valid/);
  await other.close();
});

test("a model is fetched with progress and checked; one without fill-in-the-middle is refused", async () => {
  const client = await start();
  const reports: ModelProgressReport[] = [];
  client.connection.onProgress(ModelProgress, "t", report => {
    reports.push(report);
  });
  const wanted = { reference: "hf:a/b:m-Q8_0.gguf", progressToken: "t" };
  const result = await client.connection.sendRequest(FetchModelRequest, wanted);
  assert.ok("problem" in result);
  assert.match(result.problem.message, /does not fill in missing code/);
  assert.equal(reports.findLast(({ phase }) => phase === "fetch")?.done, 1);
  assert.match(reports[0]?.text ?? "", /^\d of 6 MB/);
  assert.equal(reports.at(-1)?.phase, "check");
  await client.close();
});

test("a model is fetched from the hub that is set, which the environment's is not asked beside", async () => {
  const mirror = await FakeHub.start("c/d", { "n-Q8_0.gguf": content }, 2, "model");
  const client = await start("", mirror.url);
  const fetch = (reference: string) => client.connection.sendRequest(FetchModelRequest, { reference });
  const asked = hub.requests.length;
  const result = await fetch("hf:c/d:n-Q8_0.gguf");
  assert.ok("problem" in result);
  assert.match(result.problem.message, /does not fill in missing code/);
  assert.ok(mirror.servedBytes >= content.length);
  assert.equal(hub.requests.length, asked);
  await client.close();
  const other = await start("", "no address");
  const refused = await other.connection.sendRequest(FetchModelRequest, { reference: "hf:c/d:n-Q8_0.gguf" });
  assert.ok("problem" in refused);
  assert.match(refused.problem.remedy, /in "foretoken\.hub" or HF_ENDPOINT, or clear both\.$/);
  await other.close();
  await mirror.close();
});

test("a model that cannot be fetched or loaded is reported with a remedy", async () => {
  const client = await start();
  const damaged = join(cache, "damaged.gguf");
  writeFileSync(damaged, content.subarray(0, 100_000));
  const cases: [string, RegExp][] = [
    ["qwen:1b", /The catalogue has no model qwen:1b/],
    ["hf:a/b:gone.gguf", /has no file gone\.gguf/],
    ["https://example.org/m.zip", /not the address of a GGUF file/],
    ["/nowhere/m.gguf", /There is no model at \/nowhere\/m\.gguf/],
    [damaged, /damaged\.gguf/],
  ];
  for (const [reference, expected] of cases) {
    const result = await client.connection.sendRequest(FetchModelRequest, { reference });
    assert.ok("problem" in result, reference);
    assert.match(result.problem.message, expected);
    assert.notEqual(result.problem.remedy, "");
  }
  await client.close();
});
