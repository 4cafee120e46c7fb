import assert from "node:assert/strict";
import { test } from "node:test";
import { engineMethod } from "../../bench/methods.ts";
import { ReplayEngine } from "../../bench/replay.ts";
import { chaotic, FakeEngine } from "../../fakes/engine.ts";
import { item, vocabulary } from "./items.ts";

const never = new AbortController().signal;

test("a replayed script is generated exactly, whatever the model and the tree", async () => {
  const script = vocabulary.tokenize("abcdabcdabxyabcdabcd");
  for (const treeNodes of [1, 4, 16]) {
    const engine = new ReplayEngine(new FakeEngine(chaotic));
    const method = engineMethod(treeNodes === 1 ? "plain" : "foretoken", engine, { treeNodes });
    for (const fresh of [true, false]) {
      const run = await method.run(item(script), fresh ? 0 : 1, never);
      assert.equal(run.draftMs.length, run.decodes);
      assert.deepEqual(run.tokens, [...script]);
      if (treeNodes > 1) assert.ok(run.decodes < script.length && run.nodes > run.decodes);
      else assert.deepEqual([run.decodes, run.nodes], [script.length, script.length]);
      assert.equal(run.prefill !== undefined, fresh);
    }
  }
});

test("the next token of the script is the most likely on its path, and the other logits are the model's own", async () => {
  const model = new FakeEngine(() => 97);
  model.distribution = () => [
    [97, 5],
    [98, 4],
    [99, 3],
  ];
  const engine = new ReplayEngine(model);
  engine.play(Int32Array.of(99, 98, 120));
  // The root 1, below it 99 (as the script has it) and 97 (not so), below 99 the script's 98.
  const tree = { count: 4, tokens: Int32Array.of(1, 99, 97, 98), parents: Int32Array.of(-1, 0, 0, 1) };
  const outcome = await engine.decode(tree, never);
  assert.ok(outcome.kind === "decoded");
  const { decoded } = outcome;
  const row = new Float32Array(vocabulary.size);
  const [ids, logits] = [new Int32Array(3), new Float32Array(3)];
  const expected: [node: number, likeliest: number[]][] = [
    [0, [99, 97, 98]],
    [1, [98, 97, 99]],
    [2, [97, 98, 99]],
    [3, [120, 97, 98]],
  ];
  for (const [node, likeliest] of expected) {
    assert.equal(decoded.argmax(node), likeliest[0]);
    assert.equal(decoded.top(node, 3, ids, logits), 3);
    assert.deepEqual([...ids], likeliest);
    decoded.logits(node, row);
    assert.deepEqual(
      [...logits],
      likeliest.map(id => row[id]),
    );
    assert.ok(logits[0]! > logits[1]! && logits[1]! > logits[2]!);
  }
});
