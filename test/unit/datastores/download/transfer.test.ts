import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { type Transfer, type TransferOptions, transfer } from "../../../../datastores/download/transfer.ts";
import { close, listen, portOf } from "../../../fakes/loopback.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-transfer-"));
after(() => rmSync(base, { recursive: true, force: true }));

const TEXT = "0123456789";
const sha256 = createHash("sha256").update(TEXT).digest("hex");

/** What a server does with a request. */
type Answer = (response: ServerResponse) => unknown;

let path: string;
let count = 0;
beforeEach(() => {
  path = join(base, `${++count}.bin`);
});

/** The whole text. */
const whole =
  (headers: Record<string, string> = { etag: '"v1"' }): Answer =>
  response =>
    response.writeHead(200, { "content-length": String(TEXT.length), ...headers }).end(TEXT);

/** The text from a byte on, as RFC 9110 describes it. */
const rest =
  (from: number, headers: Record<string, string> = {}, total = String(TEXT.length)): Answer =>
  response =>
    response
      .writeHead(206, { "content-range": `bytes ${from}-${TEXT.length - 1}/${total}`, ...headers })
      .end(TEXT.slice(from));

/** The end of a connection, and the length that the part must have before it. */
let ending: { readonly length: number; readonly close: () => void } | undefined;

/** Sends bytes up to `length`, then closes. A connection that closes loses what has not been read, so that is awaited. */
function sendAndClose(response: ServerResponse, sent: string | Buffer, length: number): void {
  ending = { length, close: () => response.socket?.end() };
  response.write(sent);
}

/** States `length` bytes, sends these and closes the connection. */
const broken =
  (sent: string, length: number, headers: Record<string, string> = { etag: '"v1"' }): Answer =>
  response =>
    sendAndClose(
      response.writeHead(200, { "content-length": String(length), ...headers }),
      sent,
      sent.length,
    );

/** Leaves the part of an earlier download. */
function leave(text: string, etag?: string): void {
  writeFileSync(`${path}.part`, text);
  if (etag !== undefined) writeFileSync(`${path}.part.etag`, etag);
}

/** Transfers from a server that gives these answers, and 500 after them. */
async function fetched(
  answers: readonly Answer[],
  more: Partial<Transfer> = {},
  options: TransferOptions = {},
) {
  const asked: { range?: string; "if-range"?: string }[] = [];
  const server = createServer(({ headers }, response) => {
    const answer = answers[asked.length];
    asked.push({
      ...(headers.range && { range: headers.range }),
      ...(headers["if-range"] && { "if-range": String(headers["if-range"]) }),
    });
    if (answer) answer(response);
    else response.writeHead(500).end();
  });
  await listen(server);
  const retries: string[] = [];
  const wanted = { url: `http://127.0.0.1:${portOf(server)}/`, path, name: "x.bin", ...more };
  const onRetry = (problem: string) => retries.push(problem);
  const onProgress = (bytes: number, total: number) => {
    options.onProgress?.(bytes, total);
    if (bytes === ending?.length) ending.close();
  };
  const given = { backOffMs: 1, attempts: 3, onRetry, ...options, onProgress };
  try {
    const outcome = await transfer(wanted, given).catch((error: unknown) => error);
    const text = existsSync(path) ? readFileSync(path, "utf8") : undefined;
    return { outcome, text, asked, retries };
  } finally {
    await close(server);
  }
}

/** Asserts that the text arrived with these requests. */
async function arrives(
  answers: readonly Answer[],
  requests: readonly object[],
  more: Partial<Transfer> = {},
): Promise<readonly string[]> {
  const { outcome, text, asked, retries } = await fetched(answers, more);
  assert.deepEqual(outcome, { bytes: TEXT.length });
  assert.equal(text, TEXT);
  assert.deepEqual(asked, requests);
  assert.ok(!existsSync(`${path}.part`) && !existsSync(`${path}.part.etag`));
  return retries;
}

test("a part of a version that its tag names is continued, on the condition of that tag", async () => {
  leave("0123", '"v1"');
  const requests = [{ range: "bytes=4-", "if-range": '"v1"' }];
  await arrives([rest(4, { etag: '"v1"' })], requests);
});

test("a part whose version nothing tells is fetched anew, and continued where the hash tells", async () => {
  leave("0123");
  await arrives([whole()], [{}], { bytes: 10 });
  rmSync(path);
  leave("0123");
  await arrives([rest(4)], [{ range: "bytes=4-" }], { sha256 });
});

test("a weak tag names no version, so that a broken download starts again", async () => {
  const weak = { etag: 'W/"v1"' };
  await arrives([broken("0123", 10, weak), whole(weak)], [{}, {}]);
});

test("a broken download continues on the condition of the tag that came with it", async () => {
  const requests = [{}, { range: "bytes=4-", "if-range": '"v1"' }];
  await arrives([broken("0123", 10), rest(4)], requests);
});

test("bytes of another version are not joined to a part, where the server does not know the condition", async () => {
  leave("abcd", '"v0"');
  const requests = [{ range: "bytes=4-", "if-range": '"v0"' }, {}];
  const retries = await arrives([rest(4, { etag: '"v1"' }), whole()], requests);
  assert.deepEqual(retries, ["x.bin: the server sends a different part of the file from the one requested."]);
});

test("an answer of another range or length drops the part, as does one of no range", async () => {
  const none: Answer = response => response.writeHead(206).end(TEXT.slice(4));
  const unsatisfiable: Answer = response => response.writeHead(416, { "content-range": "bytes */4" }).end();
  for (const answer of [rest(3), rest(5), rest(4, {}, "11"), none, unsatisfiable]) {
    leave("0123", '"v1"');
    await arrives([answer, whole()], [{ range: "bytes=4-", "if-range": '"v1"' }, {}], { bytes: 10 });
    rmSync(path);
  }
});

test("a rest of unknown total is accepted", async () => {
  leave("0123", '"v1"');
  await arrives([rest(4, {}, "*")], [{ range: "bytes=4-", "if-range": '"v1"' }], { bytes: 10 });
});

test("the whole file in answer to a range replaces the part", async () => {
  leave("abcd", '"v0"');
  await arrives([whole()], [{ range: "bytes=4-", "if-range": '"v0"' }]);
});

test("a part that is complete is only checked, and one that is too long is fetched anew", async () => {
  leave(TEXT);
  await arrives([], [], { bytes: 10, sha256 });
  rmSync(path);
  leave(`${TEXT}!`, '"v1"');
  await arrives([whole()], [{}], { bytes: 10, sha256 });
  rmSync(path);
  leave("abcdefghij");
  const retries = await arrives([whole()], [{}], { bytes: 10, sha256 });
  assert.deepEqual(retries, ["x.bin arrived damaged: its hash does not match."]);
});

test("a file that is there is fetched anew unless its length or hash is known and right", async () => {
  const there = async (text: string, more: Partial<Transfer>) => {
    writeFileSync(path, text);
    const { text: now, asked } = await fetched([whole()], more);
    assert.equal(now, asked.length > 0 ? TEXT : text);
    return asked.length === 0;
  };
  const other = "x".repeat(10);
  assert.equal(await there(other, {}), false);
  assert.equal(await there(other, { bytes: 10 }), true);
  assert.equal(await there("short", { bytes: 10 }), false);
  assert.equal(await there(other, { sha256 }), false);
  assert.equal(await there(TEXT, { sha256 }), true);
  assert.equal(await there(TEXT, { sha256, bytes: 10 }), true);
  const sha512 = createHash("sha512").update(TEXT).digest("hex");
  assert.equal(await there(TEXT, { sha512 }), true);
  assert.equal(await there(other, { sha512 }), false);
});

test("a file shorter or longer than the server says is not accepted", async () => {
  const ended = await fetched([broken("0123", 10), rest(4, {}, "11"), rest(10, {}, "11")]);
  assert.equal(ended.text, undefined);
  assert.deepEqual(ended.retries.slice(1), ["x.bin: the server stopped after 10 of 11 bytes."]);
  path = `${path}-longer`;
  const chunked: Answer = response => response.writeHead(200).end(`${TEXT}!`);
  const longer = await fetched([chunked, chunked, chunked], { bytes: 10 });
  assert.equal(longer.text, undefined);
  assert.equal(longer.retries[0], "x.bin: the server sends more bytes than the file has.");
});

test("a file of a length that nobody states is whole when its answer ends", async () => {
  await arrives([response => response.writeHead(200).end(TEXT)], [{}]);
});

test("progress is told with the total, or with what has arrived where there is none", async () => {
  const told = async (answer: Answer) => {
    const seen: [number, number][] = [];
    await fetched([answer], {}, { onProgress: (...at) => seen.push(at) });
    return seen;
  };
  leave("0123", '"v1"');
  assert.deepEqual(await told(rest(4)), [[10, 10]]);
  path = `${path}-other`;
  assert.deepEqual(await told(response => response.writeHead(200).end(TEXT)), [[10, 10]]);
});

test("connections that bring a megabyte each do not count as failures in a row, and those that bring less do", async () => {
  const MEGABYTE = 1024 * 1024;
  const large = Buffer.alloc(4 * MEGABYTE, "x");
  const hash = createHash("sha256").update(large).digest("hex");
  const inSteps = async (step: number) => {
    const from =
      (at: number): Answer =>
      response => {
        const until = Math.min(at + step, large.length);
        response.writeHead(at === 0 ? 200 : 206, {
          "content-length": String(large.length - at),
          ...(at > 0 && { "content-range": `bytes ${at}-${large.length - 1}/${large.length}` }),
        });
        sendAndClose(response, large.subarray(at, until), until);
      };
    const answers = Array.from({ length: Math.ceil(large.length / step) }, (_, i) => from(i * step));
    return fetched(answers, { sha256: hash }, { attempts: 2 });
  };
  assert.deepEqual((await inSteps(MEGABYTE)).outcome, { bytes: large.length });
  path = `${path}-slower`;
  assert.equal((await inSteps(MEGABYTE - 1)).asked.length, 2);
});

test("a cancelled transfer asks for nothing, and only the user may read what has arrived", async () => {
  const { outcome, asked } = await fetched([whole()], {}, { signal: AbortSignal.abort() });
  assert.match(String(outcome), /cancelled/i);
  assert.equal(asked.length, 0);
  await arrives([whole()], [{}]);
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
});
