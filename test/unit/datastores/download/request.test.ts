import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import {
  get,
  type HubOptions,
  hubAddress,
  isAddress,
  type Reply,
  withoutCredentials,
} from "../../../../datastores/download/request.ts";
import { Temporary } from "../../../../datastores/download/retries.ts";
import { close, listen, urlOf } from "../../../fakes/loopback.ts";

// Those of whoever runs the tests are not meant.
delete process.env.HF_TOKEN;
delete process.env.HF_ENDPOINT;

/** Serves requests while `use` runs. */
async function served<T>(answer: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await listen(server);
  try {
    return await use(urlOf(server));
  } finally {
    await close(server);
  }
}

/** What a request ends with, its error included. */
const outcomeOf = (url: string, options: HubOptions = {}) =>
  get(url, "model.gguf", {}, { hubUrl: url, ...options }).then(
    async reply => {
      await reply.cancel();
      return reply;
    },
    (error: unknown) => error,
  );

/** The error for an answer with this status and these headers; the server's date is left out. */
const refused = (status: number, headers: Record<string, string> = {}, options: HubOptions = {}) =>
  served(
    (_request, response) => {
      response.sendDate = false;
      response.writeHead(status, headers).end();
    },
    url => outcomeOf(url, options),
  );

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

test("five redirects in a row are followed, and no more", async () => {
  for (const [redirects, message] of [
    [5, undefined],
    [6, "model.gguf: too many redirects."],
  ] as const) {
    let asked = 0;
    const outcome = await served(
      (_request, response) =>
        asked++ < redirects ? response.writeHead(307, { location: `/${asked}` }).end() : response.end("yes"),
      url => outcomeOf(url),
    );
    assert.equal(outcome instanceof StoreError ? outcome.problem.message : undefined, message);
    assert.equal(asked, 6);
  }
});

test("a redirect to something that cannot be fetched is a problem that does not quote it, and not tried again", async () => {
  for (const location of ["http://[", "ftp://127.0.0.1/x", "http://me:geheim@127.0.0.1/x"]) {
    let host = "";
    const outcome = await served(
      (_request, response) => response.writeHead(302, { location }).end(),
      url => {
        host = new URL(url).host;
        return outcomeOf(url);
      },
    );
    assert.ok(outcome instanceof StoreError, location);
    assert.equal(
      outcome.problem.message,
      `model.gguf: ${host} redirects to something that is not an address.`,
    );
  }
});

test("the token is sent to the hub alone, also after a redirect back to it, and not where none is to be sent", async () => {
  const seen: (string | undefined)[] = [];
  const ask = (options: HubOptions) =>
    served(
      ({ url, headers }, response) => {
        seen.push(headers.authorization);
        if (url === "/away") response.writeHead(302, { location: `http://${headers.host}/` }).end();
        else response.end("yes");
      },
      async other =>
        served(
          ({ url, headers }, response) => {
            seen.push(headers.authorization);
            const next = url === "/there" ? `${other}/away` : `http://${headers.host}/there`;
            response.writeHead(302, { location: next }).end();
          },
          url => outcomeOf(url, options),
        ),
    );
  assert.equal(((await ask({ token: "secret" })) as Reply).response.status, 200);
  assert.deepEqual(seen, ["Bearer secret", "Bearer secret", undefined, undefined]);
  seen.length = 0;
  await ask({ token: "secret", anonymous: true });
  assert.deepEqual(seen, [undefined, undefined, undefined, undefined]);
});

test("an answer that is neither content nor an error of the server is a problem, except that of a range past the end", async () => {
  for (const status of [300, 304, 399, 400, 410]) {
    const outcome = await refused(status);
    assert.ok(outcome instanceof StoreError);
    assert.equal(outcome.problem.message, `model.gguf: the hub answered with status ${status}.`);
  }
  const { response } = (await refused(416)) as Reply;
  assert.equal(response.status, 416);
});

test("the hub's address is the one given, the environment's or the public one, without slashes at its end", () => {
  assert.equal(hubAddress({}), "https://huggingface.co");
  process.env.HF_ENDPOINT = "https://mirror.example.org/hub//";
  assert.equal(hubAddress({}), "https://mirror.example.org/hub");
  assert.equal(hubAddress({ hubUrl: "" }), "https://mirror.example.org/hub");
  assert.equal(hubAddress({ hubUrl: "http://localhost:8080/" }), "http://localhost:8080");
  delete process.env.HF_ENDPOINT;
  assert.throws(
    () => hubAddress({ hubUrl: "https://me:geheim@hub.example.org" }),
    error =>
      error instanceof StoreError && /^https:\/\/\.\.\.@hub\.example\.org is not/.test(error.problem.message),
  );
});

test("an address begins with http or https, has a host and neither a user name nor a password", () => {
  for (const text of ["http://a", "HTTPS://a.example.org:8443/b?c=d", "https://[::1]/"])
    assert.ok(isAddress(text), text);
  for (const text of [
    "",
    "a.example.org",
    "ftp://a",
    "file:///a",
    "https://",
    "https://a b",
    "see https://a",
    "https://[",
    "https://me@a",
    "https://:secret@a",
    "https://me:secret@a",
  ])
    assert.ok(!isAddress(text), text);
  assert.equal(withoutCredentials("https://me:p@ss@a/b@c"), "https://...@a/b@c");
  assert.equal(withoutCredentials("https://a/b@c"), "https://a/b@c");
});
