import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import type { TransferOptions } from "../../../../datastores/download/transfer.ts";
import { download, downloadPath, listHub } from "../../../../datastores/sources/hub.ts";
import type { RemoteInput } from "../../../../datastores/sources/input.ts";
import { readInput } from "../../../../datastores/sources/inputs.ts";
import { type HubSpec, parseSource } from "../../../../datastores/sources/spec.ts";
import { COMMIT, FakeHub } from "../../../fakes/hub.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-hub-"));
after(() => rmSync(base, { recursive: true, force: true }));

const SIZE = 3_000_000;
const content = Buffer.alloc(SIZE);
for (let i = 0; i < SIZE; i++) content[i] = (i * 7919 + (i >> 8)) & 255;
const sha256 = createHash("sha256").update(content).digest("hex");
const FILE = "data/python/data-00000-of-00002.parquet";

let hub: FakeHub;
let folder: string;
let count = 0;
const noEnvironment = { HF_TOKEN: process.env.HF_TOKEN, HF_ENDPOINT: process.env.HF_ENDPOINT };

beforeEach(async () => {
  delete process.env.HF_TOKEN;
  delete process.env.HF_ENDPOINT;
  folder = join(base, String(++count));
  hub = await FakeHub.start("bigcode/the-stack-dedup", {
    "README.md": Buffer.from("# card"),
    [FILE]: content,
    "data/python/data-00001-of-00002.parquet": Buffer.from("second"),
    "data/python/index.json": Buffer.from('{"content": "x = 1"}\n'),
    "data/go/data-00000-of-00001.parquet": Buffer.from("go"),
  });
});

afterEach(async () => {
  for (const [name, value] of Object.entries(noEnvironment))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  await hub.close();
});

function spec(source = "the-stack-dedup"): HubSpec {
  const outcome = parseSource(source);
  assert.ok("spec" in outcome && outcome.spec.kind === "hub");
  return outcome.spec;
}

const options = (more: TransferOptions = {}): TransferOptions => ({ hubUrl: hub.url, backOffMs: 1, ...more });

async function firstFile(): Promise<RemoteInput> {
  const [input] = await listHub(spec(), options());
  assert.ok(input?.path === FILE);
  hub.requests.length = 0;
  return input;
}

const code =
  (wanted: string, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.problem.code, wanted, error.problem.message);
    assert.match(`${error.problem.message} ${error.problem.remedy}`, message);
    return true;
  };

const asked = () => hub.requests.filter(({ host }) => host === "files").map(({ range }) => range);

test("the files of a data set are listed over several pages, pinned to a commit", async () => {
  const inputs = await listHub(spec(), options());
  assert.deepEqual(
    inputs.map(({ path, bytes }) => [path, bytes]),
    [
      [FILE, SIZE],
      ["data/python/data-00001-of-00002.parquet", 6],
    ],
  );
  assert.equal(inputs[0]!.sha256, sha256);
  assert.equal(inputs[0]!.commit, COMMIT);
  assert.equal(inputs[0]!.identity, `hub:bigcode/the-stack-dedup@${COMMIT}:${FILE}#${SIZE}#${sha256}`);
  assert.ok(hub.requests.some(({ path }) => path.includes("cursor=2")));
  assert.ok(!hub.requests.some(({ path }) => path.includes("data/go")));
});

test("the files of another language are another source, of which a download's rows count", async () => {
  const [input, ...others] = await listHub(spec("the-stack-dedup:Go"), options());
  assert.deepEqual([input?.path, others.length], ["data/go/data-00000-of-00001.parquet", 0]);
  assert.match(input?.identity ?? "", /#go$/);
  assert.ok(input);
  assert.equal((await download(input, folder, options())).language, "go");
  const [any] = await listHub(spec("hub:bigcode/the-stack-dedup:data/go/*.parquet"), options());
  assert.match(any?.identity ?? "", /#any$/);
  await assert.rejects(
    listHub(spec("the-stack-dedup:golfscript"), options()),
    code("empty", /data\/golfscript.*Check the language "golfscript"/),
  );
});

test("the hub's address and token come from the environment by default", async () => {
  process.env.HF_ENDPOINT = `${hub.url}/`;
  process.env.HF_TOKEN = "secret without a prefix";
  hub.switches.token = "secret without a prefix";
  assert.equal((await listHub(spec())).length, 2);
  assert.ok(hub.requests.every(({ authorization }) => authorization === "Bearer secret without a prefix"));
});

test("a pattern that matches nothing and a missing revision or repository are reported", async () => {
  await assert.rejects(listHub(spec("hub:bigcode/the-stack-dedup:*.csv.parquet"), options()), code("empty"));
  await assert.rejects(listHub(spec("the-stack-dedup@gone"), options()), code("missing"));
  await assert.rejects(listHub(spec("hub:no/body"), options()), code("missing"));
});

test("a file whose name leads out of the folder is refused", async () => {
  for (const path of [
    "data/python/../../../../evil.parquet",
    "data/python/..\\evil.parquet",
    "data/python//x.parquet",
  ]) {
    const evil = await FakeHub.start("me/x", { [path]: content });
    const listing = listHub(spec("hub:me/x:data/**/*.parquet"), { hubUrl: evil.url });
    await assert.rejects(listing, code("foreign"));
    await evil.close();
  }
});

test("a download is checked, is complete before it gets its name, and is not repeated", async () => {
  const input = await firstFile();
  const seen: [number, number][] = [];
  const local = await download(input, folder, options({ onProgress: (...at) => seen.push(at) }));
  assert.equal(local.identity, input.identity);
  assert.equal(local.path, downloadPath(input, folder));
  assert.ok(readFileSync(local.path).equals(content));
  assert.deepEqual(seen.at(-1), [SIZE, SIZE]);
  assert.ok(!existsSync(`${local.path}.part`) && !existsSync(`${local.path}.part.etag`));
  await download(input, folder, options());
  assert.equal(asked().length, 1);
  writeFileSync(local.path, Buffer.alloc(SIZE));
  await download(input, folder, options());
  assert.ok(readFileSync(local.path).equals(content));
});

test("the token goes to the hub and never to the host of the files", async () => {
  const input = await firstFile();
  await download(input, folder, options({ token: "hf_secret" }));
  assert.deepEqual(
    hub.requests.map(({ host, authorization }) => [host, authorization]),
    [
      ["hub", "Bearer hf_secret"],
      ["files", undefined],
    ],
  );
});

test("a small file outside large-file storage, which has no sha256, is downloaded", async () => {
  const [input] = await listHub(spec("hub:bigcode/the-stack-dedup:data/python/*.json"), options());
  assert.ok(input && input.sha256 === undefined);
  const texts: string[] = [];
  for await (const { text } of readInput(await download(input, folder, options()))) texts.push(text);
  assert.deepEqual(texts, ["x = 1"]);
});

test("only the missing bytes are requested and sent after broken connections", async () => {
  const input = await firstFile();
  hub.switches.dropAfter = [1_000_000, 500_000];
  const { path } = await download(input, folder, options());
  assert.ok(readFileSync(path).equals(content));
  assert.equal(asked().length, 3);
  assert.equal(asked()[0], undefined);
  for (const range of asked().slice(1)) assert.match(range ?? "", /^bytes=\d+-$/);
  // Bytes in transit when a connection broke may be sent twice.
  assert.ok(hub.servedBytes <= SIZE + 1_500_000, `${hub.servedBytes} bytes sent`);
});

test("a later call resumes where an aborted one stopped, and no byte is sent twice", async () => {
  const input = await firstFile();
  const controller = new AbortController();
  hub.switches.stallAfter = [1_200_000];
  const onProgress = (bytes: number) => {
    if (bytes === 1_200_000) controller.abort();
  };
  await assert.rejects(
    download(input, folder, options({ signal: controller.signal, onProgress })),
    code("cancelled"),
  );
  const part = `${downloadPath(input, folder)}.part`;
  assert.equal(statSync(part).size, 1_200_000);
  const { path } = await download(input, folder, options());
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(asked(), [undefined, "bytes=1200000-"]);
  assert.equal(hub.servedBytes, SIZE);
});

test("a part of another version is dropped, detected by the server or by the sha256", async () => {
  const input = await firstFile();
  const part = `${downloadPath(input, folder)}.part`;
  mkdirSync(dirname(part), { recursive: true });
  writeFileSync(part, Buffer.alloc(1000, 1));
  writeFileSync(`${part}.etag`, '"v0"');
  assert.ok(readFileSync((await download(input, folder, options())).path).equals(content));
  assert.deepEqual(asked(), ["bytes=1000-"]);

  rmSync(folder, { recursive: true });
  mkdirSync(dirname(part), { recursive: true });
  writeFileSync(part, Buffer.alloc(1000, 1));
  assert.ok(readFileSync((await download(input, folder, options())).path).equals(content));
  assert.deepEqual(asked(), ["bytes=1000-", "bytes=1000-", undefined]);
});

test("a download succeeds from a server that ignores ranges or sends the wrong one", async () => {
  const input = await firstFile();
  hub.switches.dropAfter = [1_000_000];
  hub.switches.ignoreRange = true;
  assert.ok(readFileSync((await download(input, folder, options())).path).equals(content));
  rmSync(folder, { recursive: true });
  hub.switches.ignoreRange = false;
  hub.switches.wrongRange = true;
  hub.switches.dropAfter = [1_000_000];
  assert.ok(readFileSync((await download(input, folder, options())).path).equals(content));
});

test("a wrong length, too long or too short, is detected", async () => {
  const input = await firstFile();
  for (const lie of [1000, -1000]) {
    hub.switches.lengthLie = lie;
    const outcome = await download(input, folder, options({ attempts: 3 })).catch((error: unknown) => error);
    if (outcome instanceof StoreError) assert.equal(outcome.problem.code, "network");
    else assert.ok(readFileSync(downloadPath(input, folder)).equals(content));
    rmSync(folder, { recursive: true });
  }
  hub.switches.lengthLie = 0;
  hub.switches.surplus = 5;
  await assert.rejects(
    download(input, folder, options({ attempts: 2 })),
    code("network", /more bytes than the file/),
  );
  assert.ok(!existsSync(downloadPath(input, folder)));
});

test("damaged bytes are downloaded again, and the download fails when they stay damaged", async () => {
  const input = await firstFile();
  hub.switches.damaged = 1;
  assert.ok(readFileSync((await download(input, folder, options())).path).equals(content));
  rmSync(folder, { recursive: true });
  hub.switches.damaged = 100;
  await assert.rejects(
    download(input, folder, options({ attempts: 3 })),
    code("corrupt", /arrived damaged: its hash does not match/),
  );
  assert.equal(100 - hub.switches.damaged, 3);
  assert.ok(!existsSync(downloadPath(input, folder)));
});

test("a connection that stalls is given up and retried", async () => {
  const input = await firstFile();
  hub.switches.stallAfter = [700_000];
  assert.ok(readFileSync((await download(input, folder, options({ idleMs: 100 }))).path).equals(content));
  assert.equal(hub.servedBytes, SIZE);
});

test("an address with a password is refused without quoting it, and so is a redirect that gives up encryption", async t => {
  process.env.HF_ENDPOINT = "https://me:geheim@hub.example.org";
  await assert.rejects(
    listHub(spec()),
    (error: unknown) => error instanceof StoreError && !error.message.includes("geheim"),
  );
  const fetched = t.mock.method(
    globalThis,
    "fetch",
    async () => new Response(null, { status: 302, headers: { location: "http://example.org/x" } }),
  );
  process.env.HF_ENDPOINT = "https://hub.example.org";
  await assert.rejects(listHub(spec()), /redirects to an unencrypted address/);
  assert.equal(fetched.mock.callCount(), 1);
});

test("permanent refusals are reported at once, with what to do about them", async () => {
  const input = await firstFile();
  const refused = async (status: number, wanted: string, message: RegExp, token?: string) => {
    hub.requests.length = 0;
    hub.switches.answers = [{ status }];
    await assert.rejects(download(input, folder, options(token ? { token } : {})), code(wanted, message));
    assert.equal(hub.requests.length, 1);
  };
  await refused(401, "unauthorised", /requires an access token.*HF_TOKEN/);
  await refused(401, "unauthorised", /did not accept/, "hf_old");
  await refused(403, "gated", /terms.*page.*accept/);
  await refused(404, "missing", /no such data set, revision or file/);
});

test("requests that fail or are too many for the hub are retried, as late as the hub asks", async () => {
  const input = await firstFile();
  hub.switches.answers = [
    { status: 500 },
    { status: 429, headers: { "retry-after": "1" } },
    { status: 503, headers: { ratelimit: '"resolvers";r=0;t=0' } },
  ];
  const start = performance.now();
  await download(input, folder, options());
  assert.ok(performance.now() - start >= 990, "it did not wait");
  assert.equal(hub.requests.filter(({ host }) => host === "hub").length, 4);
});

test("a request that fails repeatedly ends after the allowed attempts", async () => {
  const input = await firstFile();
  hub.switches.answers = Array.from({ length: 9 }, () => ({ status: 502 }));
  const retries: string[] = [];
  const onRetry = (problem: string, waitMs: number) => retries.push(`${problem} ${waitMs > 0}`);
  await assert.rejects(download(input, folder, options({ attempts: 3, onRetry })), code("network", /502/));
  assert.equal(hub.requests.length, 3);
  assert.equal(retries.length, 2);
  for (const retry of retries) assert.match(retry, /502.*\. true$/);
  hub.switches.answers = [{ status: 429, headers: { "retry-after": "86400" } }];
  await assert.rejects(download(input, folder, options()), code("rateLimited", /86400 s/));
  hub.switches.answers = Array.from({ length: 9 }, () => ({ status: 500 }));
  await assert.rejects(listHub(spec(), options({ attempts: 2 })), code("network", /500/));
  const offline = options({ attempts: 2 });
  await hub.close();
  await assert.rejects(download(input, folder, offline), code("network", /connection/));
});

test("an abort ends the wait between two attempts", async () => {
  const input = await firstFile();
  hub.switches.answers = [{ status: 429, headers: { "retry-after": "60" } }];
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const start = performance.now();
  await assert.rejects(download(input, folder, options({ signal: controller.signal })), code("cancelled"));
  assert.ok(performance.now() - start < 5000);
});

test("a full disk is reported before the download where the length is known, and otherwise when it occurs", async t => {
  const input = await firstFile();
  await assert.rejects(download({ ...input, bytes: 1e15 }, folder, options()), code("noSpace"));
  assert.equal(hub.requests.length, 0);
  if (!existsSync("/dev/full")) {
    t.skip("there is no device that is always full");
    return;
  }
  const part = `${downloadPath(input, folder)}.part`;
  mkdirSync(dirname(part), { recursive: true });
  rmSync(part, { force: true });
  symlinkSync("/dev/full", part);
  const { sha256: _, ...unchecked } = input;
  await assert.rejects(download(unchecked, folder, options()), code("noSpace"));
});
