/** Documents and notebooks under edits of any kind: their text, and their hashes, are as if they were made anew. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { createConnection } from "vscode-languageserver/node";
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  type Position,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { type Documents, trackDocuments } from "../../../server/lsp/documents.ts";
import { sameHash, TextHash } from "../../../server/text/textHash.ts";
import { below } from "../../fakes/random.ts";
import { oddNumber, oddText } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const EDITS = 12;

/** Where a position lies in a text, by the letter of LSP: what is out of bounds lies at the bound. */
function offsetOf(text: string, { line, character }: Position): number {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length)];
  if (line < 0) return 0;
  const start = starts[line];
  if (start === undefined) return text.length;
  const end = text.slice(start).search(/\r|\n/);
  const length = end < 0 ? text.length - start : end;
  return start + Math.min(Math.max(character, 0), length);
}

function position(random: Random, text: string): Position {
  const whole = (most: number) => (random() < 0.8 ? below(random, most) : Math.trunc(oddNumber(random)));
  return { line: whole(text.split("\n").length + 2), character: whole(40) };
}

async function attempt(random: Random, documents: Documents, send: Sender, uri: string): Promise<void> {
  let text = oddText(random, 30);
  await send(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "python", version: 1, text },
  });
  for (let version = 2; version < 2 + EDITS; version++) {
    const contentChanges = Array.from({ length: 1 + below(random, 3) }, () => {
      const added = oddText(random, 4);
      const range =
        random() < 0.9 ? { start: position(random, text), end: position(random, text) } : undefined;
      const ends = range ? [offsetOf(text, range.start), offsetOf(text, range.end)] : [0, text.length];
      text = text.slice(0, Math.min(...ends)) + added + text.slice(Math.max(...ends));
      return range ? { range, text: added } : { text: added };
    });
    await send(DidChangeTextDocumentNotification.type, { textDocument: { uri, version }, contentChanges });
    const cursor = documents.cursor(uri);
    assert.ok(cursor);
    assert.equal(cursor.snapshot.text, text, `version ${version}`);
    const anew = new TextHash(text);
    for (let i = 0; i < 3; i++) {
      const at = below(random, text.length + 1);
      assert.ok(
        sameHash(cursor.hash.before(at), anew.before(at)),
        `the hash before ${at} of version ${version}`,
      );
      assert.ok(
        sameHash(cursor.hash.after(at), anew.after(at)),
        `the hash after ${at} of version ${version}`,
      );
    }
    const asked = position(random, text);
    const snapshot = documents.snapshot(uri, asked, version);
    if (typeof snapshot !== "string") assert.equal(snapshot.offset, offsetOf(text, asked));
  }
  await send(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  assert.equal(documents.hash(uri), undefined);
}

/** Sends a notification. Resolves when the server has taken it. */
type Sender = <P>(type: { readonly method: string }, params: P) => Promise<void>;

export const edits: FuzzTarget = {
  name: "edits",
  async open() {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    const server = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient));
    const documents = trackDocuments(server);
    server.onRequest("fuzz/taken", () => true);
    server.listen();
    const client = createProtocolConnection(
      new StreamMessageReader(toClient),
      new StreamMessageWriter(toServer),
    );
    client.listen();
    const send: Sender = async (type, params) => {
      await client.sendNotification(type.method, params);
      await within(5_000, type.method, client.sendRequest("fuzz/taken"));
    };
    let count = 0;
    return {
      attempt: random => attempt(random, documents, send, `file:///${++count}.py`),
      async close() {
        server.dispose();
        client.dispose();
      },
    };
  },
};
