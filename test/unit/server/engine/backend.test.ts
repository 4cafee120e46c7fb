import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseBackend } from "../../../../server/engine/backend.ts";
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

test("auto takes CUDA's libraries that the user has fetched", async () => {
  const cache = join(scratch, "auto");
  fetched(cache, "cuda", EXPECTED_RELEASE);
  const chosen = await choose("auto", cache);
  assert.equal("name" in chosen && chosen.name, "cuda");
});
