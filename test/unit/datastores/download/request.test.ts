import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { get } from "../../../../datastores/download/request.ts";

test("a redirect to something that is no address is a problem, and not tried again", async () => {
  const server = createServer((_request, response) =>
    response.writeHead(302, { location: "http://[" }).end(),
  );
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assert.rejects(get(`http://${host}/`, "model.gguf", {}, {}), error => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.problem.message, `model.gguf: ${host} redirects to something that is no address.`);
      return true;
    });
  } finally {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});
