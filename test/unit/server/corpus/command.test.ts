import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { datastore } from "../../../../server/corpus/command.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-command-"));
after(() => rmSync(base, { recursive: true, force: true }));

/** What an action of the command prints. */
async function printed(t: TestContext, args: string[]): Promise<string> {
  let text = "";
  const { mock } = t.mock.method(process.stdout, "write", (part: string) => {
    text += part;
    return true;
  });
  await datastore(args).finally(() => mock.restore());
  return text;
}

test("a list of stores has no character that a terminal would obey, as text or as JSON", async t => {
  // A terminal takes U+009B for the start of a command, as it takes ESC with a bracket.
  const folder = join(base, "a\u009b31m\u202eb");
  assert.equal(
    await printed(t, ["list", folder]),
    `There are no stores in ${join(base, "a\\x9b31m\\u202eb")}.\n`,
  );
  mkdirSync(join(folder, "damaged"), { recursive: true });
  writeFileSync(join(folder, "damaged", "manifest.json"), "{");
  assert.ok((await printed(t, ["list", folder])).startsWith(join(base, "a\\x9b31m\\u202eb", "damaged")));
  const asJson = await printed(t, ["list", folder, "--json"]);
  assert.doesNotMatch(asJson, /[\u009b\u202e]/);
  assert.equal(JSON.parse(asJson)[0].directory, join(folder, "damaged"));
});
