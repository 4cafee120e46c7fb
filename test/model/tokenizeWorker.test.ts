/** The built tokenizer thread of the index. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenizerPool } from "../../server/corpus/tokenizerPool.ts";
import { tokenizeWorkerScript } from "../../server/system/index.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

test("files with CRLF line endings are indexed with the same tokens as with LF line endings", async () => {
  const pool = new TokenizerPool(tokenizeWorkerScript(), fixtureModelPath(), 1);
  const text = "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n";
  const [plain, other] = await pool.tokenize([text, text.replaceAll("\n", "\r\n")]);
  assert.ok(plain && plain.length > 10);
  assert.deepEqual(other, plain);
  await pool.dispose();
});
