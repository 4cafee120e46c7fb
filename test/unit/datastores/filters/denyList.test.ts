import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { DenyList } from "../../../../datastores/filters/denyList.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-deny-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const subject = (repositories: string[], contentId = "", text?: string) => ({
  repositories,
  contentId,
  ...(text === undefined ? {} : { text }),
});

test("owners and repositories are matched in any case, and any of several repositories counts", () => {
  const list = DenyList.parse("# opted out\r\nSomebody\n\nacme/Secret.Tool  # since 2024\n", "deny.txt");
  assert.equal(list.size, 2);
  assert.equal(list.matches(subject(["somebody/anything"])), "somebody");
  assert.equal(list.matches(subject(["other/x", "ACME/secret.tool"])), "acme/secret.tool");
  assert.equal(list.matches(subject(["acme/other"])), undefined);
  assert.equal(list.matches(subject(["somebodyelse/x", "x/somebody"])), undefined);
  assert.equal(list.matches(subject([])), undefined);
});

test("contents are matched by the source's own ID or by either hash of the text", () => {
  const text = "print('naïve')\n";
  const bytes = Buffer.from(text);
  const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const byBlob = DenyList.parse(blob.toUpperCase(), "deny.txt");
  assert.equal(byBlob.matches(subject([], blob)), blob);
  assert.equal(byBlob.matches(subject([], "", text)), blob);
  assert.equal(byBlob.matches(subject([], "", `${text}\n`)), undefined);
  assert.equal(DenyList.parse(sha256, "deny.txt").matches(subject(["a/b"], "42", text)), sha256);
  assert.equal(DenyList.parse("owner", "deny.txt").matches(subject([], "owner", text)), undefined);
});

test("hashes in a list of owners deny their own contents only", () => {
  const [denied, other] = ["a", "b"].map(text => createHash("sha256").update(text).digest("hex"));
  assert.ok(denied && other);
  const list = DenyList.parse(`owner\n${denied}\n`, "deny.txt");
  assert.equal(list.matches(subject(["x/y"], denied.toUpperCase())), denied);
  assert.equal(list.matches(subject(["x/y"], "", "a")), denied);
  assert.equal(list.matches(subject(["x/y"], other, "b")), undefined);
  assert.equal(list.matches(subject(["x/y"], "42")), undefined, "without its text");
});

test("a line that is not an entry is refused with its number", () => {
  for (const bad of ["a/b/c", "two words", "/name", "owner/", "http://host/owner", "näme"])
    assert.throws(
      () => DenyList.parse(`# first\nfine\n${bad}\n`, "deny.txt"),
      (error: unknown) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.problem.code, "schema");
        assert.ok(error.problem.message.startsWith(`deny.txt, line 3: "${bad}"`), error.problem.message);
        assert.match(error.problem.remedy, /OWNER\/REPOSITORY/);
        return true;
      },
    );
});

test("the version depends on the entries of the list, not on how they are written", () => {
  const first = DenyList.parse("b\nA/x\n", "1").version;
  assert.equal(DenyList.parse("a/x # why\n\nB\nb", "2").version, first);
  assert.notEqual(DenyList.parse("b\n", "3").version, first);
  assert.equal(DenyList.empty.version, DenyList.parse("# nothing\n", "4").version);
});

test("a list is read from a file, and one that is missing or cannot be read is reported", () => {
  const path = join(folder, "deny.txt");
  writeFileSync(path, "\ufeffowner\n");
  assert.equal(DenyList.read(path).matches(subject(["owner/x"])), "owner");
  assert.throws(
    () => DenyList.read(join(folder, "none.txt")),
    (error: unknown) => error instanceof StoreError && error.problem.code === "missing",
  );
  assert.throws(
    () => DenyList.read(folder),
    ({ problem }: StoreError) => problem.code === "unreadable" && problem.message.includes(folder),
  );
});
