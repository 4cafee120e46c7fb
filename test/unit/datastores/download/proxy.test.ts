import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { afterEach, beforeEach, test } from "node:test";
import type { StoreError } from "../../../../datastores/document.ts";
import { proxyFor } from "../../../../datastores/download/proxy.ts";
import { get } from "../../../../datastores/download/request.ts";
import { Temporary } from "../../../../datastores/download/retries.ts";
import { close, listen, portOf } from "../../../fakes/loopback.ts";
import { FakeProxy } from "../../../fakes/proxy.ts";

const NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
const isProxyName = (name: string) => NAMES.includes(name.toLowerCase());
const before = Object.entries(process.env).filter(([name]) => isProxyName(name));

/** A certificate that nobody has signed, made for this test. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbJ99g39YzZ+idCRZ
QWn3UrPXppnzxT+LP4a2Bbew3J+hRANCAAS2/NiqaKqmxXceLk6kVaEBnDkYuisZ
1FfnU85U3WchMR4ANud+dn3UtrX2DA0hRzRILRrWUp3C/eBCcf0v0WSW
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUB+N4MjOi7g7kUKEiaOXoXemdjiMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODIzMTY0OVoYDzIxMjYxMTA0
MjMxNjQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS2/NiqaKqmxXceLk6kVaEBnDkYuisZ1FfnU85U3WchMR4ANud+dn3U
trX2DA0hRzRILRrWUp3C/eBCcf0v0WSWo1MwUTAdBgNVHQ4EFgQULk9scPC/4mK+
zqPJyEM/euMLMq4wHwYDVR0jBBgwFoAULk9scPC/4mK+zqPJyEM/euMLMq4wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAkamwi+dxWgDbv68G+Dr4
v9jvVmQCk6uR2LR2ZhuArsoCIDaEMn+pEQd+AOgm8z2yo9rVlX6gaCDwadnjXd4i
yvmU
-----END CERTIFICATE-----`;

let server: Server;
let proxy: FakeProxy;

beforeEach(async () => {
  clear();
  server = createServer(({ headers }, response) => response.end(`${headers.host} ${headers.authorization}`));
  await listen(server);
  proxy = await FakeProxy.start(portOf(server));
});

afterEach(async () => {
  clear();
  for (const [name, value] of before) process.env[name] = value;
  await proxy.close();
  await close(server);
});

function clear(): void {
  for (const name of Object.keys(process.env).filter(isProxyName)) delete process.env[name];
}

/** The body of an answer. */
async function bodyOf(url: string, options = {}): Promise<string> {
  const { chunks } = await get(url, "model.gguf", {}, { hubUrl: "http://hub.test", ...options });
  let text = "";
  for await (const chunk of chunks()) text += Buffer.from(chunk);
  return text;
}

/** The problem of a request that fails: one that is tried again, or not. */
async function problemOf(url: string) {
  const failure = await bodyOf(url).then(
    () => assert.fail("it has been answered"),
    error => error,
  );
  const { problem } = failure instanceof Temporary ? failure.final : (failure as StoreError);
  return { ...problem, isTriedAgain: failure instanceof Temporary };
}

test("the proxy that the environment names is asked for other machines, with the hub's token for the hub alone", async () => {
  process.env.HTTP_PROXY = `http://${proxy.address}`;
  assert.equal(await bodyOf("http://hub.test/model.gguf", { token: "secret" }), "hub.test Bearer secret");
  assert.equal(
    await bodyOf("http://other.test:8080/model.gguf", { token: "secret" }),
    "other.test:8080 undefined",
  );
  assert.deepEqual(proxy.asked, ["hub.test:80", "other.test:8080"]);
});

test("this machine's own addresses are asked directly", async () => {
  process.env.http_proxy = "http://127.0.0.1:1";
  const port = portOf(server);
  for (const host of ["127.0.0.1", "localhost"])
    assert.equal(await bodyOf(`http://${host}:${port}/`), `${host}:${port} undefined`);
  assert.equal(proxyFor(new URL(`http://[::1]:${port}/`)), undefined);
});

test("hosts in NO_PROXY are asked directly", () => {
  process.env.https_proxy = "http://proxy.test:3128";
  process.env.NO_PROXY = "hub.test, .corp.test,mirror.test:8443";
  const named = (url: string) => proxyFor(new URL(url))?.href;
  assert.equal(named("https://hub.test/"), undefined);
  assert.equal(named("https://files.corp.test/"), undefined);
  assert.equal(named("https://mirror.test:8443/"), undefined);
  assert.equal(named("https://mirror.test/"), "http://proxy.test:3128/");
  assert.equal(named("https://nothub.test/"), "http://proxy.test:3128/");
});

test("a proxy is named by scheme or for all of them, and speaks HTTP where its address has no scheme", () => {
  const named = (url: string) => proxyFor(new URL(url))?.href;
  process.env.HTTPS_PROXY = "proxy.test:3128";
  assert.equal(named("https://hub.test/"), "http://proxy.test:3128/");
  assert.equal(named("http://hub.test/"), undefined);
  process.env.ALL_PROXY = "socks5://proxy.test:1080";
  assert.equal(named("http://hub.test/"), "socks5://proxy.test:1080");
});

test("an address that is none of a proxy is a problem with a remedy, which does not quote it", async () => {
  for (const address of ["ftp://proxy.test:21", "http://name:pass word@", "socks4://proxy.test:1080"]) {
    process.env.http_proxy = address;
    assert.deepEqual(await problemOf("http://hub.test/"), {
      code: "network",
      message: "The address of the proxy for hub.test is not valid.",
      remedy:
        'Write it as http://HOST:PORT in "http.proxy" in VS Code\'s settings, or in the variable HTTPS_PROXY.',
      isTriedAgain: false,
    });
  }
});

test("a proxy that wants a password gets the one in its address", async () => {
  proxy.credentials = "name:p@ss";
  process.env.http_proxy = `http://name:p%40ss@${proxy.address}`;
  assert.equal(await bodyOf("http://hub.test/"), "hub.test undefined");
});

test("a wrong password is a problem that is not tried again and names the proxy without it", async () => {
  proxy.credentials = "name:right";
  process.env.http_proxy = `http://name:wrong@${proxy.address}`;
  const { message, isTriedAgain } = await problemOf("http://hub.test/");
  assert.equal(
    message,
    `model.gguf: the proxy http://${proxy.address} requires a valid user name and password (407).`,
  );
  assert.equal(isTriedAgain, false);
});

test("a host that the proxy does not allow is not tried again, a proxy that fails is", async () => {
  process.env.http_proxy = `http://${proxy.address}`;
  proxy.refusal = 403;
  const refused = await problemOf("http://hub.test/");
  assert.equal(
    refused.message,
    `model.gguf: the proxy http://${proxy.address} does not connect to hub.test (403).`,
  );
  assert.equal(refused.isTriedAgain, false);
  proxy.refusal = 502;
  assert.equal((await problemOf("http://hub.test/")).isTriedAgain, true);
});

test("a proxy that is not there is named as such", async () => {
  process.env.http_proxy = "http://127.0.0.1:1";
  const { message, remedy, isTriedAgain } = await problemOf("http://hub.test/");
  assert.match(
    message,
    /^model\.gguf: the connection through the proxy http:\/\/127\.0\.0\.1:1 failed \(connect ECONNREFUSED/,
  );
  assert.match(remedy, /^Check the connection and the proxy, which is named in "http\.proxy"/);
  assert.equal(isTriedAgain, true);
});

test("where nothing answers and no proxy is named, the remedy says where one is", async () => {
  const closed = createServer();
  await listen(closed);
  const port = portOf(closed);
  await close(closed);
  const { message, remedy } = await problemOf(`http://127.0.0.1:${port}/`);
  assert.match(message, /^model\.gguf: the connection failed \(connect ECONNREFUSED/);
  assert.match(
    remedy,
    /If a proxy is needed, name it in "http\.proxy" in VS Code's settings, or in the variable HTTPS_PROXY\. Try again later/,
  );
});

test("a certificate that is not trusted is not tried again, and the remedy names the variable for it", async () => {
  const secure = createTlsServer({ key: KEY, cert: CERTIFICATE });
  await listen(secure);
  try {
    const { message, remedy, isTriedAgain } = await problemOf(`https://localhost:${portOf(secure)}/`);
    assert.match(
      message,
      /^model\.gguf: the certificate of localhost:\d+ is not trusted \(self-signed certificate\)\.$/,
    );
    assert.match(remedy, /NODE_EXTRA_CA_CERTS/);
    assert.equal(isTriedAgain, false);
  } finally {
    await close(secure);
  }
});
