import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import {
  type FetchOptions,
  type FetchProgress,
  fetchModel,
} from "../../../../server/catalogue/fetchModel.ts";
import { fetchedModels, removeModel } from "../../../../server/catalogue/modelFolder.ts";
import { parseReference } from "../../../../server/catalogue/reference.ts";
import { COMMIT, type FakeAnswer, FakeHub } from "../../../fakes/hub.ts";
import { listen, urlOf } from "../../../fakes/loopback.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-models-"));
after(() => rmSync(base, { recursive: true, force: true }));

const content = Buffer.alloc(3_000_000);
for (let i = 0; i < content.length; i++) content[i] = (i * 7919 + (i >> 8)) & 255;
content.write("GGUF", 0, "latin1");
const sha256 = createHash("sha256").update(content).digest("hex");
const SPLIT = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"] as const;

let hub: FakeHub;
let folder: string;
let count = 0;
const environment = { HF_TOKEN: process.env.HF_TOKEN, HF_ENDPOINT: process.env.HF_ENDPOINT };

beforeEach(async () => {
  delete process.env.HF_TOKEN;
  folder = join(base, String(++count));
  const files = {
    "m-Q8_0.gguf": content,
    "m-Q4_0.gguf": Buffer.from("GGUF q4"),
    "page.gguf": Buffer.from("<html>"),
  };
  const parts = { [SPLIT[0]]: content, [SPLIT[1]]: Buffer.from("GGUF rest") };
  hub = await FakeHub.start("a/b", { ...files, ...parts }, 2, "model");
  process.env.HF_ENDPOINT = hub.url;
});

afterEach(async () => {
  for (const [name, value] of Object.entries(environment))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  await hub.close();
});

function fetch(text: string, options: Partial<FetchOptions> = {}) {
  const read = parseReference(text, []);
  assert.ok("reference" in read);
  return fetchModel(read.reference, folder, { reference: text, backOffMs: 1, attempts: 4, ...options });
}

async function fetched(text: string, options: Partial<FetchOptions> = {}) {
  const outcome = await fetch(text, options);
  assert.ok("path" in outcome, JSON.stringify(outcome));
  return outcome;
}

async function problem(text: string, options: Partial<FetchOptions> = {}) {
  const outcome = await fetch(text, options);
  assert.ok("problem" in outcome, JSON.stringify(outcome));
  return outcome.problem;
}

test("a file is fetched whole, with progress, and is listed afterwards", async () => {
  const reports: FetchProgress[] = [];
  const { path, bytes } = await fetched("hf:a/b:m-Q8_0.gguf", { onProgress: report => reports.push(report) });
  assert.deepEqual(readFileSync(path), content);
  assert.equal(bytes, content.length);
  assert.equal(reports.at(-1)?.bytes, content.length);
  assert.ok(reports.every(({ totalBytes }) => totalBytes === content.length));
  const [model] = fetchedModels(folder);
  assert.deepEqual(
    [model?.path, model?.bytes, model?.references[0]],
    [path, content.length, "hf:a/b:m-Q8_0.gguf"],
  );
  assert.equal(statSync(path).mode & 0o077, 0, "for its owner alone");
  const served = hub.servedBytes;
  assert.equal((await fetched("hf:a/b:m-Q8_0.gguf")).path, path);
  assert.equal(hub.servedBytes, served, "nothing is fetched twice");
});

test("a download whose connection breaks twenty times at random places never goes back", async () => {
  hub.switches.dropAfter = Array.from({ length: 20 }, (_, i) => 1000 + ((i * 48271) % 140_000));
  const { path } = await fetched("hf:a/b:m-Q8_0.gguf", { attempts: 30, backOffMs: 0 });
  assert.deepEqual(readFileSync(path), content);
  const starts = hub.requests.flatMap(({ host, range }) =>
    host === "files" && range ? [Number(/\d+/.exec(range))] : [],
  );
  assert.equal(starts.length, 20);
  assert.ok(
    starts.every((start, i) => start >= (starts[i - 1] ?? 1)),
    "each goes on where the one before broke off",
  );
});

test("a cancelled download resumes where it was", async () => {
  const controller = new AbortController();
  hub.switches.stallAfter = [1_000_000];
  const first = fetch("hf:a/b:m-Q8_0.gguf", {
    signal: controller.signal,
    onProgress: ({ bytes }) => bytes >= 1_000_000 && controller.abort(),
  });
  const outcome = await first;
  assert.ok("problem" in outcome && outcome.problem.code === "cancelled");
  assert.deepEqual(fetchedModels(folder), []);
  await fetched("hf:a/b:m-Q8_0.gguf");
  assert.equal(hub.servedBytes, content.length);
});

test("two simultaneous requests for the same file fetch it once", async () => {
  const [one, other] = await Promise.all([fetched("hf:a/b:m-Q8_0.gguf"), fetched("hf:a/b:m-Q8_0.gguf")]);
  assert.equal(one.path, other.path);
  assert.equal(hub.servedBytes, content.length);
});

test("a split model is fetched with all parts, and the first part is the one to load", async () => {
  const { path, bytes } = await fetched(`hf:a/b:${SPLIT[0]}`);
  assert.ok(path.endsWith(SPLIT[0]));
  assert.equal(bytes, content.length + 9);
  assert.equal(readFileSync(join(dirname(path), SPLIT[1]), "utf8"), "GGUF rest");
  const [model] = fetchedModels(folder);
  assert.ok(model);
  removeModel(folder, model);
  assert.deepEqual(readdirSync(folder), []);
});

test("a file is found by its quantisation", async () => {
  assert.ok((await fetched("hf:a/b:q4_0")).path.endsWith("m-Q4_0.gguf"));
  const { code, remedy } = await problem("hf:a/b:Q2_K");
  assert.equal(code, "missing");
  assert.match(remedy, /m-Q8_0\.gguf/);
});

test("a file that is already on this machine is not fetched", async () => {
  const there = join(base, "theirs.gguf");
  writeFileSync(there, content);
  const { path } = await fetched("hf:a/b:m-Q8_0.gguf", { present: new Map([[sha256, there]]) });
  assert.equal(statSync(path).ino, statSync(there).ino, "no second copy");
  assert.equal(fetchedModels(folder)[0]?.path, path);
  assert.equal(hub.servedBytes, 0);
});

test("a file that is already on this machine and cannot be linked is copied", async t => {
  const there = join(base, "linked.gguf");
  writeFileSync(there, content);
  // A link cannot be created where a file already exists.
  const broken = join(folder, "hf", "a", "b", COMMIT);
  mkdirSync(broken, { recursive: true });
  symlinkSync(join(base, "nowhere"), join(broken, "m-Q8_0.gguf"));
  if (process.platform === "win32") return t.skip("links need a right there");
  const { path } = await fetched("hf:a/b:m-Q8_0.gguf", { present: new Map([[sha256, there]]) });
  assert.deepEqual(readFileSync(path), content);
  assert.notEqual(statSync(path).ino, statSync(there).ino);
  assert.equal(hub.servedBytes, 0);
  assert.equal(fetchedModels(folder)[0]?.path, path);
});

test("a model is known by all references it was fetched with", async () => {
  await fetched("hf:a/b:m-Q8_0.gguf");
  await fetched(" hf:a/b:q8_0 ");
  await fetched("hf:a/b:q8_0");
  assert.deepEqual(fetchedModels(folder)[0]?.references, ["hf:a/b:m-Q8_0.gguf", "hf:a/b:q8_0"]);
});

test("an error of the file system and an invalid address of the hub are returned, not thrown", async () => {
  writeFileSync(folder, "no folder");
  assert.match((await problem("hf:a/b:m-Q8_0.gguf")).message, /ENOTDIR|EEXIST/);
  rmSync(folder);
  process.env.HF_ENDPOINT = "hub.example.org";
  const { message, remedy } = await problem("hf:a/b:m-Q8_0.gguf");
  assert.match(message, /^hub\.example\.org is not the address of a hub\.$/);
  assert.match(remedy, /HF_ENDPOINT/);
});

test("damage in transit is detected and repaired, and damage that stays is an error", async () => {
  hub.switches.damaged = 1;
  assert.deepEqual(readFileSync((await fetched("hf:a/b:m-Q8_0.gguf")).path), content);
  rmSync(folder, { recursive: true });
  hub.switches.damaged = 100;
  assert.equal((await problem("hf:a/b:m-Q8_0.gguf")).code, "corrupt");
  assert.deepEqual(fetchedModels(folder), []);
});

test("a file of the hub that is not the catalogue's is refused", async () => {
  const file = {
    quantisation: "Q8_0",
    repository: "a/b",
    revision: "main",
    path: "m-Q8_0.gguf",
    sha256: "0".repeat(64),
  };
  const outcome = await fetchModel({ kind: "hub", file }, folder, { reference: "x:1b" });
  assert.ok("problem" in outcome && outcome.problem.code === "foreign");
  assert.equal(hub.servedBytes, 0);
});

test("an HTML page in place of a model is refused", async () => {
  const { code, message } = await problem("hf:a/b:page.gguf");
  assert.equal(code, "foreign");
  assert.match(message, /not a GGUF file/);
  assert.deepEqual(fetchedModels(folder), []);
});

test("each refusal of the hub has its own message and remedy", async () => {
  const cases: [FakeAnswer, string, RegExp][] = [
    [{ status: 401 }, "unauthorised", /access token/],
    [{ status: 403 }, "gated", /terms must be accepted/],
    [{ status: 404 }, "missing", /no such model, revision or file/],
    [{ status: 429, headers: { "retry-after": "9999" } }, "rateLimited", /accepts no more requests/],
    [{ status: 503 }, "network", /failed \(503\)/],
  ];
  for (const [answer, code, message] of cases) {
    hub.switches.answers = Array(8).fill(answer);
    const found = await problem("hf:a/b:m-Q8_0.gguf");
    assert.equal(found.code, code);
    assert.match(found.message, message);
    assert.ok(found.remedy.length > 10);
  }
});

test("wrong lengths and ranges of a hub are detected", async () => {
  hub.switches.lengthLie = -100;
  assert.equal((await problem("hf:a/b:m-Q8_0.gguf")).code, "network");
  hub.switches.lengthLie = 0;
  hub.switches.surplus = 10;
  assert.equal((await problem("hf:a/b:m-Q8_0.gguf")).code, "network");
  hub.switches.surplus = 0;
  hub.switches.ignoreRange = true;
  hub.switches.dropAfter = [500_000];
  assert.deepEqual(readFileSync((await fetched("hf:a/b:m-Q8_0.gguf")).path), content);
});

test("an address is fetched once", async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    response.writeHead(200, { "content-length": content.length }).end(content);
  });
  await listen(server);
  const url = `${urlOf(server)}/x/m.gguf`;
  const { path } = await fetched(url);
  assert.deepEqual(readFileSync(path), content);
  await fetched(url);
  assert.equal(requests, 1);
  server.close();
});

test("a download starts over when its file changes, also where the server does not support If-Range", async () => {
  const versions = ["A", "B"].map(letter => Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(2e6, letter)]));
  let requests = 0;
  const server = createServer((request, response) => {
    const version = requests++ === 0 ? 0 : 1;
    const body = versions[version] as Buffer;
    const from = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
    const range = from > 0 ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, {
      etag: `"${version}"`,
      "content-length": body.length - from,
      ...range,
    });
    if (version === 1) response.end(body.subarray(from));
    else response.write(body.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 50));
  });
  await listen(server);
  const { path } = await fetched(`${urlOf(server)}/m.gguf`);
  assert.deepEqual(readFileSync(path), versions[1]);
  server.close();
});

test("a split model at an address is fetched with all parts", async () => {
  const names: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    names.push(url);
    response.writeHead(200).end("GGUF part");
  });
  await listen(server);
  const address = `${urlOf(server)}/x`;
  const { path, bytes } = await fetched(`${address}/${SPLIT[0]}`);
  assert.deepEqual(
    names,
    SPLIT.map(name => `/x/${name}`),
  );
  assert.equal(bytes, 18);
  const [model] = fetchedModels(folder);
  assert.equal(model?.path, path);
  server.close();
});

test("a path is returned as it is, and a receipt that is damaged or without its file is ignored", async () => {
  assert.deepEqual(await fetched("/some/m.gguf"), { path: "/some/m.gguf", bytes: 0 });
  const { path } = await fetched("hf:a/b:m-Q4_0.gguf");
  rmSync(path);
  assert.deepEqual(fetchedModels(folder), []);
  await fetched("hf:a/b:m-Q4_0.gguf");
  assert.ok(existsSync(path));
  writeFileSync(`${path}.fetched.json`, "{");
  assert.deepEqual(fetchedModels(folder), []);
});
