import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { get } from "../../../../datastores/download/request.ts";
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

test("a time to wait until counts by the server's own clock", async () => {
  const anHourAgo = Date.now() - 3_600_000;
  const server = createServer((_request, response) => {
    response.sendDate = false;
    const headers = {
      date: new Date(anHourAgo).toUTCString(),
      "retry-after": new Date(anHourAgo + 30_000).toUTCString(),
    };
    response.writeHead(429, headers).end();
  });
  await listen(server);
  try {
    await assert.rejects(get(`http://127.0.0.1:${portOf(server)}/`, "model.gguf", {}, {}), error => {
      assert.ok(error instanceof Temporary);
      assert.equal(error.waitMs, 30_000);
      return true;
    });
  } finally {
    await close(server);
  }
});
