import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { get, type HubOptions } from "../../../../datastores/download/request.ts";
import { Temporary } from "../../../../datastores/download/retries.ts";
import { close, listen, portOf } from "../../../fakes/loopback.ts";

test("a redirect to something that is no address is a problem, and not tried again", async () => {
  const server = createServer((_request, response) =>
    response.writeHead(302, { location: "http://[" }).end(),
  );
  await listen(server);
  const host = `127.0.0.1:${portOf(server)}`;
  try {
    await assert.rejects(get(`http://${host}/`, "model.gguf", {}, {}), error => {
      assert.ok(error instanceof StoreError);
      assert.equal(
        error.problem.message,
        `model.gguf: ${host} redirects to something that is not an address.`,
      );
      return true;
    });
  } finally {
    await close(server);
  }
});

// The one of whoever runs the tests is not meant.
delete process.env.HF_TOKEN;

/** The error for an answer with this status and these headers; its own date is left out. */
async function refused(
  status: number,
  headers: Record<string, string> = {},
  options: HubOptions = {},
): Promise<unknown> {
  const server = createServer((_request, response) => {
    response.sendDate = false;
    response.writeHead(status, headers).end();
  });
  await listen(server);
  const url = `http://127.0.0.1:${portOf(server)}`;
  try {
    return await get(url, "model.gguf", {}, { hubUrl: url, ...options }).catch((error: unknown) => error);
  } finally {
    await close(server);
  }
}

async function askedWait(status: number, headers: Record<string, string>): Promise<number | undefined> {
  const error = await refused(status, headers);
  assert.ok(error instanceof Temporary);
  return error.waitMs;
}

test("a time to wait until counts by the server's own clock, and one that has passed is none", async () => {
  const anHourAgo = Date.now() - 3_600_000;
  const date = new Date(anHourAgo).toUTCString();
  const at = (ms: number) => ({ date, "retry-after": new Date(anHourAgo + ms).toUTCString() });
  assert.equal(await askedWait(429, at(30_000)), 30_000);
  assert.equal(await askedWait(429, at(-30_000)), 0);
});

test("the seconds to wait are those that the server names, with each status after which it may succeed", async () => {
  for (const status of [408, 429, 500, 503]) {
    assert.equal(await askedWait(status, { "retry-after": "7" }), 7000);
    assert.equal(await askedWait(status, {}), undefined);
  }
  assert.equal(await askedWait(429, { "retry-after": "soon" }), undefined);
  assert.equal(await askedWait(429, { "retry-after": "7", ratelimit: '"api";r=0;t=55' }), 7000);
});

test("only limits that are used up are waited for, until the last of them is reset", async () => {
  assert.equal(await askedWait(429, { ratelimit: '"api";r=0;t=55' }), 55_000);
  assert.equal(await askedWait(503, { ratelimit: '"resolvers";r=4990;t=287' }), undefined);
  assert.equal(
    await askedWait(429, { ratelimit: '"minute"; r=0; t=20, "hour";r=0;t=90, "day";r=9;t=999' }),
    90_000,
  );
});

test("an access token is proposed only to those who have none and may send one", async () => {
  const remedy = async (options: HubOptions) => {
    const error = await refused(429, {}, options);
    assert.ok(error instanceof Temporary);
    return error.final.problem.remedy;
  };
  assert.match(await remedy({}), /An access token allows more/);
  assert.doesNotMatch(await remedy({ token: "secret" }), /access token/);
  assert.doesNotMatch(await remedy({ host: "registry", kind: "package", anonymous: true }), /access token/);
});
