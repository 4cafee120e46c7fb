import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { difference } from "../../server/drafts.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.py";
const folder = mkdtempSync(join(tmpdir(), "foretoken-drafts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const serve = (engine: FakeEngine, storageDirectory: string) =>
  connect({ modelLoader: () => async () => ({ engine }) }, { storageDirectory });

test("a suggestion asked for again is drafted from the last one, and an accepted one elsewhere too", async () => {
  const engine = new FakeEngine(saying("reticulate(splines)\n"));
  const client = await serve(engine, join(folder, "again"));
  client.open(URI, "x = ");
  const at = { line: 0, character: 4 };
  const sources = async () => {
    const [item] = await client.complete(URI, at).items;
    const status = await client.status(({ last }) => last !== undefined);
    return {
      item,
      names: (status.sources ?? []).filter(({ proposed }) => proposed > 0).map(({ name }) => name),
    };
  };
  const first = await sources();
  assert.equal(first.item?.insertText, "reticulate(splines)");
  const cost = engine.decodes;
  const { names } = await sources();
  assert.ok(names.includes("recent"), `drafted from ${names}`);
  assert.ok(engine.decodes - cost < cost / 2, `${engine.decodes - cost} decodes after ${cost}`);

  client.change(URI, 2, [{ range: { start: at, end: at }, text: "reticulate(splines)" }]);
  client.open("file:///project/other.py", "x = ");
  await client.complete("file:///project/other.py", at).items;
  const { sources: after } = await client.status(status =>
    (status.sources ?? []).some(({ name, accepted }) => name === "accepted" && accepted > 0),
  );
  assert.ok(after);
  await client.close();
});

test("the calibration is kept at the end and taken up again; a damaged one is told in the log", async () => {
  const storage = join(folder, "kept");
  const client = await serve(new FakeEngine(saying("a + b, a + b\n")), storage);
  client.open(URI, "x = a + b, a + b, ");
  await client.complete(URI, { line: 0, character: 18 }).items;
  await client.close();
  const [name] = readdirSync(join(storage, "calibration"));
  assert.match(name ?? "", /^\w+\.json$/);

  const again = await serve(new FakeEngine(saying("fine")), storage);
  again.open(URI, "x = ");
  await again.complete(URI, { line: 0, character: 4 }).items;
  assert.ok(!again.log.some(line => line.includes("calibration")));
  await again.close();

  for (const damaged of ["{", '{"version":0,"weights":[]}']) {
    writeFileSync(join(storage, "calibration", name as string), damaged);
    const mended = await serve(new FakeEngine(saying("fine")), storage);
    mended.open(URI, "x = ");
    assert.equal((await mended.complete(URI, { line: 0, character: 4 }).items)[0]?.insertText, "fine");
    assert.ok(
      mended.log.some(line => line.includes("is not used")),
      damaged,
    );
    await mended.close();
  }
});

test("a change is told as one replacement", () => {
  assert.deepEqual(difference("abc", "abXc"), { start: 2, removed: "", added: "X" });
  assert.deepEqual(difference("aXXa", "aa"), { start: 1, removed: "XX", added: "" });
  assert.deepEqual(difference("aaa", "aaaa"), { start: 3, removed: "", added: "a" });
  assert.deepEqual(difference("same", "same"), { start: 4, removed: "", added: "" });
  assert.deepEqual(difference("", "new"), { start: 0, removed: "", added: "new" });
});
