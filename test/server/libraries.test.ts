import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXPECTED_RELEASE } from "../../server/engine/libllama.ts";
import { cudaPackage } from "../../server/libraries/packages.ts";
import {
  FetchLibrariesRequest,
  LibrariesProgress,
  LibrariesRequest,
} from "../../server/protocol/messages.ts";
import { hasNvidiaDriver } from "../../server/system/nvidiaDriver.ts";
import { librariesFile } from "../../server/system/paths.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { FakeRegistry } from "../fakes/registry.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-libraries-server-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Undefined on platforms without CUDA, whose answers the tests check too. */
const wanted = cudaPackage(librariesFile());
const archivePath = () => `/${wanted?.name}/-/${wanted?.name.split("/").at(-1)}-${wanted?.version}.tgz`;

function connected(storageDirectory: string, npmRegistry: string) {
  const engine = new FakeEngine(saying("x"));
  return connect(
    { modelLoader: () => async () => ({ engine }) },
    { storageDirectory, settings: { npmRegistry } },
  );
}

test("libraries are offered if the driver is present and the libraries are missing", async () => {
  const client = await connected(join(scratch, "offer"), "");
  const offered = await client.connection.sendRequest(LibrariesRequest);
  assert.equal(offered, wanted !== undefined && hasNvidiaDriver());
  await client.close();
});

test("libraries fetched by another release are removed at startup", async () => {
  const old = join(scratch, "old", "libraries", "0.0.1");
  const own = join(scratch, "old", "libraries", EXPECTED_RELEASE);
  for (const folder of [old, own]) mkdirSync(folder, { recursive: true });
  const client = await connected(join(scratch, "old"), "");
  await client.status(({ state }) => state === "ready");
  assert.deepEqual([existsSync(old), existsSync(own)], [wanted === undefined, true]);
  await client.close();
});

test("a configured mirror is used, and a failure is reported with its remedy", async () => {
  const registry = await FakeRegistry.start("/elsewhere", Buffer.alloc(0));
  const client = await connected(join(scratch, "mirror"), registry.url);
  const problem = await client.connection.sendRequest(FetchLibrariesRequest, {});
  if (wanted) {
    assert.deepEqual([problem?.code, registry.requests[0]?.path], ["missing", archivePath()]);
    assert.match(problem?.remedy ?? "", /foretoken\.npmRegistry/);
  } else assert.match(problem?.message ?? "", /no CUDA libraries for this platform/);
  await client.close();
  await registry.close();
});

test("a download reports its progress and ends when its request is cancelled", {
  skip: !wanted,
}, async () => {
  const registry = await FakeRegistry.start(archivePath(), Buffer.alloc(500_000));
  registry.switches.stallAfter = [100_000];
  const client = await connected(join(scratch, "cancel"), registry.url);
  const cancelling = new AbortController();
  const token = {
    get isCancellationRequested() {
      return cancelling.signal.aborted;
    },
    onCancellationRequested: (listener: (event: unknown) => void) => {
      cancelling.signal.addEventListener("abort", listener);
      return { dispose: () => cancelling.signal.removeEventListener("abort", listener) };
    },
  };
  let seen = 0;
  client.connection.onProgress(LibrariesProgress, "fetch", ({ bytes, totalBytes }) => {
    assert.equal(totalBytes, 500_000);
    seen = bytes;
    cancelling.abort();
  });
  const params = { progressToken: "fetch" };
  const problem = await client.connection.sendRequest(FetchLibrariesRequest, params, token);
  assert.equal(problem?.code, "cancelled");
  assert.ok(seen > 0 && seen <= 100_000);
  await client.close();
  await registry.close();
});
