import assert from "node:assert/strict";
import { test } from "node:test";
import { Framing, watchFraming } from "../../../../server/lsp/framing.ts";
import { Pipe } from "../../../fakes/pipe.ts";

const BODY = '{"jsonrpc":"2.0","method":"é"}';
const message = (body: string | Buffer, length: number | string = Buffer.byteLength(body), more = "") =>
  Buffer.concat([Buffer.from(`Content-Length: ${length}\r\n${more}\r\n`), Buffer.from(body)]);

/** What is said of a stream that arrives in parts of `size` bytes. */
function said(stream: Buffer, size: number) {
  const reported: string[] = [];
  const framing = new Framing(problem => void reported.push(problem));
  let end: string | undefined;
  for (let at = 0; at < stream.length && end === undefined; at += size)
    end = framing.push(stream.subarray(at, at + size));
  return { reported, end, missing: framing.missingBytes };
}

test("nothing is said of sound messages, however their bytes arrive", () => {
  const type = "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n";
  const stream = Buffer.concat([message(BODY), message(BODY, undefined, type), message(" {} ")]);
  for (const size of [1, 2, 3, 7, 50, stream.length])
    assert.deepEqual(said(stream, size), { reported: [], end: undefined, missing: 0 });
});

test("a message that cannot be read is reported, and those after it count", () => {
  for (const [bad, problem] of [
    [message("{bad"), /^A message is not JSON: .*\.$/],
    [message(Buffer.from('{"a":"\xe9"}', "latin1")), /^A message is not in UTF-8\.$/],
    [message(""), /^A message is empty\.$/],
  ] as const)
    for (const size of [1, 1000]) {
      const { reported, end, missing } = said(Buffer.concat([bad, message(BODY)]), size);
      assert.deepEqual([reported.length, end, missing], [1, undefined, 0]);
      assert.match(reported[0] ?? "", problem);
    }
});

test("a stream ends where the length of a message is unknown", () => {
  for (const [bad, problem] of [
    [message("", "abc"), "A message has the Content-Length abc."],
    [message("", -5), "A message has the Content-Length -5."],
    [message("", "99999999999"), "A message has the Content-Length 99999999999."],
    [Buffer.from("Content-Type: x\r\n\r\n{}"), "A message's header has no Content-Length."],
    [Buffer.from("noise\r\n\r\n"), `A message's header has the line "noise".`],
    [Buffer.alloc(10_000, "x"), "A message's header does not end."],
    [message("", 2, "Content-Type: a; charset=utf-16\r\n"), "A message is in utf-16; LSP allows UTF-8 only."],
    // Shorter than the body: the rest is taken for a header.
    [
      message(BODY, 10),
      `A message's header has the line ":\\"2.0\\",\\"method\\":\\"Ã©\\"}Content-Length: 31".`,
    ],
  ] as const)
    for (const size of [1, 100_000])
      assert.equal(said(Buffer.concat([bad, message(BODY)]), size).end, problem);
});

test("a message whose rest does not come is reported after ten seconds", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const input = new Pipe();
  const warned: string[] = [];
  watchFraming(input, { warn: problem => void warned.push(problem), end: assert.fail });
  input.emit("data", message(BODY, 40));
  t.mock.timers.tick(9_999);
  assert.deepEqual(warned, []);
  t.mock.timers.tick(1);
  assert.deepEqual(warned, ["A message lacks 9 bytes: the server waits for them."]);
  input.emit("data", message(BODY).subarray(0, 9));
  t.mock.timers.tick(20_000);
  assert.equal(warned.length, 2);
  assert.match(warned[1] ?? "", /^A message is not JSON: .*\. It was left out\.$/);
});

test("the end of a stream that cannot be read is reported once", () => {
  const input = new Pipe();
  const ends: string[] = [];
  watchFraming(input, { warn: assert.fail, end: problem => void ends.push(problem) });
  for (let i = 0; i < 3; i++) input.emit("data", Buffer.from("noise\r\n\r\n"));
  assert.deepEqual(ends, [`A message's header has the line "noise".`]);
});
