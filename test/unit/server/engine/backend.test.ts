import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  chooseBackend,
  forgetMissingDevices,
  missing,
  rememberDevice,
} from "../../../../server/engine/backend.ts";
import { EXPECTED_RELEASE } from "../../../../server/engine/libllama.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-backend-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const system = { win32: "win", darwin: "mac" }[process.platform as string] ?? process.platform;
const folderOf = (name: string) => `${system}-${process.arch === "arm" ? "armv7l" : process.arch}-${name}`;

/** The folder of a back end's libraries after they were fetched for a release. */
function fetched(cacheDirectory: string, name: string, release: string): string {
  const folder = folderOf(name);
  const directory = join(cacheDirectory, "libraries", release, folder, "bins", folder);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** A back end that no package has for this platform. */
const ABSENT = process.platform === "darwin" ? "vulkan" : "metal";
const choose = (requestedBackend: "auto" | typeof ABSENT, cacheDirectory: string) =>
  chooseBackend({ requestedBackend, cacheDirectory, probeScript: "" });

test("libraries fetched for this release are found, and those of another release are not", async () => {
  const cache = join(scratch, "absent");
  fetched(cache, ABSENT, "0.0.1");
  const missing = await choose(ABSENT, cache);
  assert.ok("code" in missing && missing.code === "backendMissing");
  const directory = fetched(cache, ABSENT, EXPECTED_RELEASE);
  assert.deepEqual(await choose(ABSENT, cache), { name: ABSENT, directory });
});

const auto = (cacheDirectory: string, probeScript = "") =>
  ({ requestedBackend: "auto", cacheDirectory, probeScript }) as const;
const [HAS_DRIVER, HAS_NO_DRIVER] = [() => true, () => false];

test("auto takes CUDA's libraries that the user has fetched", async () => {
  const cache = join(scratch, "auto");
  fetched(cache, "cuda", EXPECTED_RELEASE);
  const chosen = await chooseBackend(auto(cache), 1_500, HAS_DRIVER);
  assert.equal("name" in chosen && chosen.name, "cuda");
});

test("fetched CUDA libraries are passed over without NVIDIA's driver, and after a start at which they found no card", async () => {
  const cache = decided("cardless", "cpu");
  fetched(cache, "cuda", EXPECTED_RELEASE);
  const nameWith = async (hasDriver: () => boolean) =>
    nameOf(await chooseBackend(auto(cache), 1_500, hasDriver));
  assert.equal(await nameWith(HAS_NO_DRIVER), "cpu");
  rememberDevice({ name: "cuda", directory: "" }, false, auto(cache));
  assert.equal(await nameWith(HAS_DRIVER), "cpu");
  forgetMissingDevices(cache);
  assert.equal(await nameWith(HAS_DRIVER), "cuda");
});

test("a back end that does not exist for a platform is refused with those that do", () => {
  for (const [name, platform, exist] of [
    ["metal", "linux-x64", "cpu, cuda, vulkan"],
    ["metal", "win-x64", "cpu, cuda, vulkan"],
    ["cuda", "mac-arm64", "cpu, metal"],
    ["vulkan", "linux-arm64", "cpu"],
  ] as const) {
    const { message, remedy } = missing(name, platform);
    assert.equal(
      message,
      `There is no llama.cpp for ${name} on this platform (${platform}). Its back ends: ${exist}.`,
    );
    assert.match(remedy, /^Set "foretoken\.backend" to "cpu".* or "auto"\.$/);
  }
  assert.match(missing("cuda", "linux-x64").remedy, /offers to fetch CUDA's libraries/);
});

/** A cache in which a decision is remembered. @param more what else its file says */
function decided(cache: string, name: string, more = {}): string {
  const cacheDirectory = join(scratch, cache);
  mkdirSync(cacheDirectory);
  const key = `${EXPECTED_RELEASE} ${process.platform} ${process.arch}`;
  writeFileSync(join(cacheDirectory, "backend.json"), JSON.stringify({ key, name, ...more }));
  return cacheDirectory;
}

/** A probe that writes that it ran, and then does as `code` says. */
function probe(cacheDirectory: string, code: string) {
  const [probeScript, ran] = [join(cacheDirectory, "probe.mjs"), join(cacheDirectory, "ran")];
  writeFileSync(
    probeScript,
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(ran)}, ""); ${code}`,
  );
  return { probeScript, hasRun: () => existsSync(ran) };
}

const nameOf = (chosen: object) => "name" in chosen && chosen.name;
const ANSWERS_CPU = 'process.send("cpu", () => process.exit());';

test("a probe that hangs is given up for the CPU, and the next start does not wait for it again", async () => {
  const cacheDirectory = decided("hanging", "no back end");
  const { probeScript, hasRun } = probe(cacheDirectory, "setInterval(() => {}, 1000);");
  const options = { requestedBackend: "auto", cacheDirectory, probeScript } as const;
  assert.equal(nameOf(await chooseBackend(options, 1_500)), "cpu");
  assert.ok(hasRun());
  rmSync(join(cacheDirectory, "ran"));
  assert.equal(nameOf(await chooseBackend(options, 1_500)), "cpu");
  assert.ok(!hasRun(), "the failure is remembered");
});

test("a probe that failed is tried again after a day", async () => {
  for (const [hours, isTried] of [
    [23, false],
    [25, true],
  ] as const) {
    const cacheDirectory = decided(`failed-${hours}`, "cpu", { failedAt: Date.now() - hours * 3_600_000 });
    const { probeScript, hasRun } = probe(cacheDirectory, ANSWERS_CPU);
    await chooseBackend({ requestedBackend: "auto", cacheDirectory, probeScript });
    assert.equal(hasRun(), isTried, `after ${hours} hours`);
  }
});

test("a back end whose load was interrupted once is probed again before it is loaded", async () => {
  const cacheDirectory = decided("doubted", "vulkan");
  const { probeScript, hasRun } = probe(cacheDirectory, ANSWERS_CPU);
  const options = { requestedBackend: "auto", cacheDirectory, probeScript } as const;
  await chooseBackend(options);
  assert.ok(!hasRun(), "without an interruption the decision counts");
  const attempts = join(cacheDirectory, "attempts");
  mkdirSync(attempts);
  // No process has this number.
  const attempt = {
    subject: `back end vulkan ${EXPECTED_RELEASE}`,
    pid: 2 ** 22 + 1,
    at: Date.now() - 1_000,
  };
  writeFileSync(join(attempts, "x.json"), JSON.stringify(attempt));
  assert.equal(nameOf(await chooseBackend(options)), "cpu");
  assert.equal(JSON.parse(readFileSync(join(cacheDirectory, "backend.json"), "utf8")).name, "cpu");
});

test("a remembered back end that found no device is probed again at the next start, until it finds one", async () => {
  const cacheDirectory = decided("taken out", "vulkan");
  const { probeScript, hasRun } = probe(cacheDirectory, ANSWERS_CPU);
  const options = auto(cacheDirectory, probeScript);
  const vulkan = { name: "vulkan", directory: "" } as const;
  rememberDevice(vulkan, false, { ...options, requestedBackend: "vulkan" });
  rememberDevice(vulkan, true, options);
  await chooseBackend(options);
  assert.ok(!hasRun(), "a back end that the user has chosen says nothing of the automatic choice");
  rememberDevice(vulkan, false, options);
  rememberDevice(vulkan, true, options);
  await chooseBackend(options);
  assert.ok(!hasRun(), "it has found a device since");
  rememberDevice(vulkan, false, options);
  assert.equal(nameOf(await chooseBackend(options)), "cpu");
  assert.ok(hasRun());
});
