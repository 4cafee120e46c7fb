import assert from "node:assert/strict";
import { test } from "node:test";
import { complete } from "../../server/completion/complete.ts";
import { load, never } from "./loaded.ts";

/** Greedy text of the fixture model. A change here is a change of the model, the prompt or the stop rules. */
const GOLDEN: [marked: string, text: string][] = [
  ["class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = ‸\n", "self.x = y"],
  ["    def __repr__(self):\n        return ‸\n", "self._class_name = 'class_name'"],
  ["with open(path, 'r') as ‸\n", "e:"],
  ["import os\nimport sys\nimport ‸\n", "#    import warnings"],
];

test("the fixture model completes known places with known text", async () => {
  const engine = await load();
  for (const [marked, expected] of GOLDEN) {
    const offset = marked.indexOf("‸");
    const snapshot = {
      uri: "file:///golden.py",
      languageId: "python",
      version: 1,
      text: marked.replace("‸", ""),
      offset,
    };
    const growing = complete(engine, snapshot, { maxTokens: 40, treeNodes: 12 }, never);
    let next = await growing.next();
    while (!next.done) next = await growing.next();
    assert.equal(next.value.text, expected, marked);
  }
  await engine.dispose();
});
