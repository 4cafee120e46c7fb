import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionFailure } from "../../../../datastores/download/connectionFailure.ts";
import { Temporary } from "../../../../datastores/download/retries.ts";

const direct = { what: "model.gguf", host: "hub.example.org", proxy: undefined };

/** The first sentence of the problem for an error. */
const sentence = (error: unknown) => connectionFailure(error, direct).message.split(". ")[0];

/** An error as `fetch` throws it. */
const failed = (code: string, message: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });

test("a certificate that is not trusted is explained without what Node advises those who start it with options", () => {
  const advice = "; if the root CA is installed locally, try running Node.js with --use-system-ca";
  for (const [code, reason] of [
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"],
  ] as const)
    for (const message of [reason, `${reason}${advice}`])
      assert.equal(
        sentence(failed(code, message)),
        `model.gguf: the certificate of hub.example.org is not trusted (${reason})`,
      );
});

test("the innermost cause is named, and what is no error at all is unknown", () => {
  const nested = new Error("outer", { cause: failed("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:9") });
  assert.equal(sentence(nested), "model.gguf: the connection failed (connect ECONNREFUSED 127.0.0.1:9)");
  assert.equal(sentence("no"), "model.gguf: the connection failed (unknown)");
});

test("what a proxy refuses is not tried again, and what it fails to do is", () => {
  const through = { ...direct, proxy: new URL("http://proxy.test:3128") };
  const isTemporary = (status: number) =>
    connectionFailure(new Error(`Proxy response (${status}) !== 200 when HTTP Tunneling`), through) instanceof
    Temporary;
  assert.deepEqual([403, 407, 499, 500, 503].map(isTemporary), [false, false, false, true, true]);
});
