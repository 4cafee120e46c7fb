import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { get } from "../../../../datastores/download/request.ts";
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
