import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { snapshotAt } from "../../../server/place.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-place-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const unnoted = (message: string) => assert.fail(message);

test("a place is a document with a cursor, whose line and column are counted from 1", () => {
  const file = written("plain.rs", "one\r\ntwo\r\n");
  const { languageId, offset, text, uri } = snapshotAt(`${file}:2:4`, unnoted);
  assert.deepEqual([languageId, text.slice(0, offset)], ["rust", "one\r\ntwo"]);
  assert.match(uri, /^file:.*plain\.rs$/);
  assert.throws(() => snapshotAt(`${file}:2:5`, unnoted), /has 3 characters .*; there is no column 5/);
  assert.throws(() => snapshotAt(`${file}:0:1`, unnoted), /there is no line 0/);
});

test("lines end as in editors, also at a single carriage return", () => {
  const { offset, text } = snapshotAt(`${written("mac.py", "a = 1\rb = \r\n\nc")}:2:5`, unnoted);
  assert.equal(text.slice(0, offset), "a = 1\rb = ");
  assert.equal(snapshotAt(`${join(folder, "mac.py")}:4:2`, unnoted).offset, text.length);
  assert.throws(
    () => snapshotAt(`${join(folder, "mac.py")}:5:1`, unnoted),
    /has 4 lines; there is no line 5/,
  );
  const short = written("short.py", "a");
  assert.throws(() => snapshotAt(`${short}:2:1`, unnoted), /short\.py has 1 line; there is no line 2/);
  assert.throws(
    () => snapshotAt(`${short}:1:3`, unnoted),
    /has 1 character \(in UTF-16 units\); there is no column 3/,
  );
});

test("columns count UTF-16 units, and there is none inside a character", () => {
  const file = written("emoji.py", "a\u{1f600}b");
  for (const column of [1, 2, 4, 5])
    assert.equal(snapshotAt(`${file}:1:${column}`, unnoted).offset, column - 1);
  assert.throws(() => snapshotAt(`${file}:1:3`, unnoted), /Column 3 of line 1 of .* is inside a character/);
});

test("a byte order mark is not part of the text, so that columns are counted as in editors", () => {
  const { text, offset } = snapshotAt(`${written("mark.py", "\ufeffdef f\n")}:1:6`, unnoted);
  assert.deepEqual([text, offset], ["def f\n", 5]);
  assert.throws(() => snapshotAt(`${written("mark.py", "\ufeffdef f\n")}:1:7`, unnoted), /no column 7/);
});

test("a file that is not text in UTF-8 is refused", () => {
  const binary = written("binary.py", Buffer.from([0x61, 0, 0x62]));
  // Without a single NUL: characters of Chinese.
  const utf16 = written("utf16.py", Buffer.from("\ufeff\u4e2d\u6587", "utf16le"));
  const swapped = written("swapped.py", Buffer.from("\ufeff\u4e2d", "utf16le").swap16());
  for (const file of [binary, utf16, swapped])
    assert.throws(() => snapshotAt(`${file}:1:1`, unnoted), /is not text in UTF-8\./);
});

test("single bytes that are not UTF-8 are read as U+FFFD and reported", () => {
  const notes: string[] = [];
  const { text } = snapshotAt(
    `${written("latin.py", Buffer.from("J\u00fcrgen", "latin1"))}:1:1`,
    note => void notes.push(note),
  );
  assert.equal(text, "J\ufffdrgen");
  assert.match(notes.join(), /latin\.py is not entirely UTF-8: .* U\+FFFD/);
});

test("a file that cannot be read is refused with a plain reason", () => {
  const absent = join(folder, "absent.py");
  assert.throws(() => snapshotAt(`${absent}:1:1`, unnoted), { message: `${absent} does not exist.` });
  assert.throws(() => snapshotAt(`${folder}:1:1`, unnoted), { message: `${folder} is a folder.` });
  assert.throws(() => snapshotAt(undefined, unnoted), { message: "Expected FILE:LINE:COLUMN, got nothing." });
});
