import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { create } from "tar";
import {
  type FetchLibrariesOptions,
  fetchLibraries,
  packageFolder,
  removeOtherReleases,
  unpack,
} from "../../../../server/libraries/fetchLibraries.ts";
import type { LibraryPackage } from "../../../../server/libraries/packages.ts";
import { FakeRegistry } from "../../../fakes/registry.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-libraries-"));
after(() => rmSync(base, { recursive: true, force: true }));

const LIBRARY = "package/bins/linux-x64-cuda/libllama.so";
/** Random bytes cannot be compressed, so that the archive is as large. */
const content = randomBytes(3_000_000);

async function archiveOf(files: Record<string, Buffer | { link: string }>, name: string): Promise<Buffer> {
  const folder = join(base, name);
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (Buffer.isBuffer(file)) writeFileSync(join(folder, path), file);
    else symlinkSync(file.link, join(folder, path));
  }
  await create({ file: `${folder}.tgz`, gzip: true, cwd: folder }, ["package"]);
  return readFileSync(`${folder}.tgz`);
}

const files = { [LIBRARY]: content, "package/package.json": Buffer.from("{}") };
const archive = await archiveOf(files, "archive");
const wanted: LibraryPackage = {
  name: "@node-llama-cpp/linux-x64-cuda",
  version: "1.2.3",
  integrity: `sha512-${createHash("sha512").update(archive).digest("base64")}`,
};

let registry: FakeRegistry;
let folder: string;
let count = 0;
const token = process.env.HF_TOKEN;

beforeEach(async () => {
  process.env.HF_TOKEN = "a-secret-of-the-hub";
  folder = join(base, `storage-${++count}`);
  registry = await FakeRegistry.start("/@node-llama-cpp/linux-x64-cuda/-/linux-x64-cuda-1.2.3.tgz", archive);
});

afterEach(async () => {
  if (token === undefined) delete process.env.HF_TOKEN;
  else process.env.HF_TOKEN = token;
  await registry.close();
});

const fetch = (options: Partial<FetchLibrariesOptions> = {}) =>
  fetchLibraries(wanted, folder, {
    registry: `${registry.url}/`,
    signal: new AbortController().signal,
    backOffMs: 1,
    attempts: 3,
    ...options,
  });

const library = () => join(packageFolder(folder, wanted), "bins", "linux-x64-cuda", "libllama.so");

/** Asserts that everything is in place, and nothing else. */
function assertFetched(): void {
  assert.ok(readFileSync(library()).equals(content));
  const left = readdirSync(join(folder, "1.2.3")).filter(name => !name.endsWith(".lock"));
  assert.deepEqual(left, ["linux-x64-cuda"]);
}

test("a package is fetched, checked and unpacked, and no token is sent", async () => {
  const seen: number[] = [];
  assert.equal(await fetch({ onProgress: bytes => void seen.push(bytes) }), undefined);
  assertFetched();
  assert.deepEqual(
    registry.requests.map(({ authorization }) => authorization),
    [undefined],
  );
  assert.equal(seen.at(-1), archive.length);
});

test("an archive with another hash is fetched again and then refused, and nothing of it is unpacked", async () => {
  registry.switches.damaged = 1;
  assert.equal(await fetch(), undefined);
  assertFetched();
  rmSync(folder, { recursive: true });
  registry.switches.damaged = 9;
  const problem = await fetch();
  assert.equal(problem?.code, "corrupt");
  assert.match(problem.message, /linux-x64-cuda arrived damaged/);
  assert.equal(existsSync(packageFolder(folder, wanted)), false);
});

test("the error for a mirror without the package names the setting", async () => {
  registry.switches.statuses = [404];
  const problem = await fetch();
  assert.equal(problem?.code, "missing");
  assert.match(problem.message, /the registry has no such package/);
  assert.match(problem.remedy, /foretoken\.npmRegistry/);
  for (const [status, message] of [
    [
      401,
      "@node-llama-cpp/linux-x64-cuda: the registry requires an access token, or there is no such package (401).",
    ],
    [403, "@node-llama-cpp/linux-x64-cuda: the registry does not allow access to it (403)."],
  ] as const) {
    registry.switches.statuses = [status];
    const refused = await fetch();
    assert.equal(refused?.message, message);
    assert.match(refused.remedy, /foretoken\.npmRegistry.*without an access token/);
  }
  assert.match((await fetch({ registry: "a mirror" }))?.message ?? "", /not an address: a mirror/);
});

/** Bytes that arrived before the connection broke are not fetched again; some of the last ones sent may not have arrived. */
function assertGoneOnAfter(sentBytes: number): void {
  const from = Number(/^bytes=(\d+)-$/.exec(registry.requests.at(-1)?.range ?? "")?.[1]);
  assert.ok(from > sentBytes - 65_536 && from <= sentBytes, `gone on from ${from}`);
  assert.equal(registry.servedBytes, sentBytes + archive.length - from);
}

test("an interrupted download resumes, and no byte that arrived is fetched twice", async () => {
  registry.switches.statuses = [503];
  registry.switches.dropAfter = [1_200_000];
  assert.equal(await fetch(), undefined);
  assertFetched();
  assertGoneOnAfter(1_200_000);
});

test("a download that an earlier attempt left resumes", async () => {
  registry.switches.dropAfter = [500_000];
  assert.equal((await fetch({ attempts: 1 }))?.code, "network");
  assert.equal(existsSync(packageFolder(folder, wanted)), false);
  assert.equal(await fetch(), undefined);
  assertFetched();
  assertGoneOnAfter(500_000);
});

test("a download can be cancelled and started again", async () => {
  const cancel = new AbortController();
  registry.switches.stallAfter = [300_000];
  const problem = await fetch({ signal: cancel.signal, onProgress: () => cancel.abort() });
  assert.equal(problem?.code, "cancelled");
  assert.equal(await fetch(), undefined);
  assertFetched();
});

test("a full disk is reported, and a path that cannot be written is named", async () => {
  // The archive would be written to a file that is always full.
  mkdirSync(join(folder, "1.2.3"), { recursive: true });
  symlinkSync("/dev/full", `${packageFolder(folder, wanted)}.tgz.part`);
  const problem = await fetch();
  assert.equal(problem?.code, "noSpace");
  writeFileSync(join(base, "in-the-way"), "");
  const other = await fetchLibraries(wanted, join(base, "in-the-way"), {
    registry: registry.url,
    signal: new AbortController().signal,
  });
  assert.match(other?.message ?? "", /in-the-way/);
});

test("a package that contains anything but plain files is not unpacked", async () => {
  const odd = join(base, "odd.tgz");
  writeFileSync(odd, await archiveOf({ "package/bins/lib.so": { link: "/etc/passwd" } }, "linked"));
  await assert.rejects(unpack(odd, join(base, "unpacked")), /not a plain file/);
  assert.equal(existsSync(join(base, "unpacked", "bins", "lib.so")), false);
  mkdirSync(join(base, "outside", "package"), { recursive: true });
  writeFileSync(join(base, "outside", "evil"), "x");
  await create({ file: odd, gzip: true, cwd: join(base, "outside", "package"), preservePaths: true }, [
    "../evil",
  ]);
  await assert.rejects(unpack(odd, join(base, "unpacked-2", "inner")));
  assert.equal(existsSync(join(base, "unpacked-2", "evil")), false);
});

test("packages fetched for another release are removed", async () => {
  assert.equal(await fetch(), undefined);
  removeOtherReleases(folder, "1.2.3");
  assertFetched();
  removeOtherReleases(folder, "1.2.4");
  assert.deepEqual(readdirSync(folder), []);
  removeOtherReleases(join(folder, "nowhere"), "1.2.4");
});
