import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { generate } from "../../server/completion/generate.ts";
import type { Decoded } from "../../server/engine/engine.ts";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { buildPrompt } from "../../server/prompt/prompt.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { below, seeded } from "../fakes/random.ts";
import { load, never } from "./loaded.ts";

let engine: LlamaEngine;
before(async () => {
  engine = await load();
});
after(() => engine.dispose());

/** Places in real code: the beginnings of lines spread over a file of this project. */
function places(file: string, count: number) {
  const text = readFileSync(join(packageRoot(), file), "utf8");
  const random = seeded(file.length);
  return Array.from({ length: count }, () => {
    const offset = text.indexOf("\n", below(random, text.length >> 1)) + 1;
    return { uri: file, languageId: "python", version: 1, text, offset: offset + below(random, 5) };
  });
}

async function tokensOf(
  prompt: Parameters<typeof generate>[1],
  treeNodes: number,
  maxTokens = 48,
): Promise<number[]> {
  const steps = generate(engine, prompt, { maxTokens, treeNodes }, never);
  const tokens: number[] = [];
  for (let next = await steps.next(); !next.done; next = await steps.next())
    if (next.value.kind === "step") tokens.push(...next.value.tokens);
  return tokens;
}

/** The first token in which two runs differ: reported when a test fails. */
function firstDifference(a: readonly number[], b: readonly number[]): string {
  const at = a.findIndex((token, i) => token !== b[i]);
  return `token ${at}: ${a[at]} against ${b[at]}`;
}

test("drafts never change the text, whatever the size of the tree", async () => {
  for (const file of [
    "test/fixtures/workspace/sample.py",
    "server/engine/llama.ts",
    "extension/ghostText.ts",
  ]) {
    for (const snapshot of places(file, 2)) {
      const prompt = buildPrompt(snapshot, engine.vocabulary, 700);
      const plain = await tokensOf(prompt, 1);
      for (const treeNodes of [2, 12, 63]) {
        const drafted = await tokensOf(prompt, treeNodes);
        assert.deepEqual(
          drafted,
          plain,
          `${file}:${snapshot.offset}, ${treeNodes} nodes, ${firstDifference(plain, drafted)}`,
        );
      }
    }
  }
});

const logitsAt = (decoded: Decoded, node: number) => {
  const row = new Float32Array(engine.vocabulary.size);
  decoded.logits(node, row);
  return row;
};

async function decodeTree(tokens: number[], parents: number[]): Promise<Decoded> {
  const tree = { count: tokens.length, tokens: Int32Array.from(tokens), parents: Int32Array.from(parents) };
  const outcome = await engine.decode(tree, never);
  assert.equal(outcome.kind, "decoded");
  return (outcome as { decoded: Decoded }).decoded;
}

test("the logits of a tree's nodes equal those of decoding one token at a time, bit for bit", async () => {
  const random = seeded(2);
  for (const contextTokens of [100, 700]) {
    const context = Int32Array.from({ length: contextTokens }, () => below(random, 8000));
    const tokens = Array.from({ length: 24 }, () => below(random, 8000));
    const parents = tokens.map((_, node) => (node === 0 ? -1 : below(random, node)));
    await engine.prefill(context, never);
    const decoded = await decodeTree(tokens, parents);
    const rows = tokens.map((_, node) => logitsAt(decoded, node));
    engine.accept([]);
    for (const [node, row] of rows.entries()) {
      const path: number[] = [];
      for (let at = node; at >= 0; at = parents[at] as number) path.unshift(tokens[at] as number);
      await engine.prefill(context, never);
      let single = row;
      for (const token of path) {
        single = logitsAt(await decodeTree([token], [-1]), 0);
        engine.accept([0]);
      }
      assert.deepEqual(
        row,
        single,
        `node ${node} at depth ${path.length - 1}, ${contextTokens} tokens of context`,
      );
    }
  }
});

test("the end of a prompt decoded together with the first tree gives the same logits as when prefilled before", async () => {
  const random = seeded(5);
  const context = Int32Array.from({ length: 300 }, () => below(random, 8000));
  const [tokens, parents] = [
    [5, 6, 7, 8],
    [-1, 0, 0, 2],
  ];
  for (const tail of [1, 6, 15]) {
    const beginning = context.subarray(0, context.length - tail);
    const rows: Float32Array[][] = [];
    for (const how of ["computed", "deferred"] as const) {
      await engine.prefill(beginning, never);
      const filled = await engine.prefill(context, never, how);
      assert.deepEqual(filled, { kind: "prefilled", reused: beginning.length, computed: tail });
      const decoded = await decodeTree(tokens, parents);
      rows.push(tokens.map((_, node) => logitsAt(decoded, node)));
      engine.accept([0, 2]);
      const next = await decodeTree([9], [-1]);
      rows.at(-1)?.push(logitsAt(next, 0));
      engine.accept([]);
    }
    assert.deepEqual(rows[1], rows[0], `${tail} tokens`);
    const again = await engine.prefill(Int32Array.of(...context, 5), never);
    assert.deepEqual(again, { kind: "prefilled", reused: context.length + 1, computed: 0 });
  }
});

test("a common prefix of two prompts is not computed again", async () => {
  const [snapshot] = places("server/engine/llama.ts", 1);
  assert.ok(snapshot);
  const { tokens } = buildPrompt(snapshot, engine.vocabulary, 400);
  engine.forget();
  const first = await engine.prefill(tokens, never);
  assert.deepEqual(first, { kind: "prefilled", reused: 0, computed: tokens.length });
  const changed = Int32Array.from(tokens);
  changed[200] = (changed[200] as number) + 1;
  assert.deepEqual(await engine.prefill(changed, never), {
    kind: "prefilled",
    reused: 200,
    computed: tokens.length - 200,
  });
  assert.deepEqual(await engine.prefill(changed.subarray(0, 150), never), {
    kind: "prefilled",
    reused: 150,
    computed: 0,
  });
});

test("generated tokens are reused from the KV cache", async () => {
  const [snapshot] = places("extension/ghostText.ts", 1);
  assert.ok(snapshot);
  const prompt = buildPrompt(snapshot, engine.vocabulary, 300);
  const said = await tokensOf(prompt, 12, 20);
  const longer = Int32Array.of(...prompt.tokens, ...said);
  const again = await engine.prefill(longer, never);
  assert.ok(again.kind === "prefilled" && again.computed <= 4, JSON.stringify(again));
});

test("a document that is returned to is not computed again, and its logits are identical bit for bit", async () => {
  const random = seeded(21);
  const documents = [0, 1, 2].map(() => Int32Array.from({ length: 520 }, () => below(random, 8000)));
  const rows: Float32Array[] = [];
  engine.forget();
  for (const document of documents) {
    assert.ok((await engine.prefill(document, never)).kind === "prefilled");
    rows.push(logitsAt(await decodeTree([3, 4, 5], [-1, 0, 0]), 2));
    engine.accept([0]);
  }
  for (const [index, document] of documents.entries()) {
    const again = await engine.prefill(document.subarray(0, 519), never);
    assert.deepEqual(again, { kind: "prefilled", reused: 519, computed: 0 });
    assert.equal((await engine.prefill(document, never)).kind, "prefilled");
    assert.deepEqual(logitsAt(await decodeTree([3, 4, 5], [-1, 0, 0]), 2), rows[index]);
    engine.accept([]);
  }
});

test("a saved context that cannot be restored is computed again", async () => {
  const random = seeded(23);
  const [one, other] = [0, 1].map(() => Int32Array.from({ length: 300 }, () => below(random, 8000)));
  assert.ok(one && other);
  const begun = Int32Array.of(...one.subarray(0, 30), ...other);
  const { library } = (engine as unknown as { native: { library: { stateWrite: unknown } } }).native;
  const { stateWrite } = library;
  engine.forget();
  for (const prompt of [one, begun]) {
    await engine.prefill(prompt, never);
    await decodeTree([3, 4, 5], [-1, 0, 0]);
    engine.accept([0]);
  }
  try {
    library.stateWrite = () => 0;
    const again = await engine.prefill(one, never);
    assert.deepEqual(again, { kind: "prefilled", reused: 0, computed: 300 });
    await decodeTree([3, 4, 5], [-1, 0, 0]);
    engine.accept([]);
  } finally {
    library.stateWrite = stateWrite;
  }
});

test("a document whose prompt was prefilled again in a pause is not computed again when returned to", async () => {
  const random = seeded(22);
  const [one, other] = [0, 1].map(() => Int32Array.from({ length: 520 }, () => below(random, 8000)));
  assert.ok(one && other);
  engine.forget();
  await engine.prefill(one, never);
  await decodeTree([3, 4, 5], [-1, 0, 0]);
  engine.accept([0]);
  await engine.prefill(one.subarray(0, 519), never);
  await engine.prefill(other, never);
  const again = await engine.prefill(one.subarray(0, 519), never);
  assert.deepEqual(again, { kind: "prefilled", reused: 519, computed: 0 });
});

test("cells after a change are shifted, not computed, and shifting them back restores the logits", async () => {
  const moving = await load({ reuse: "shifted" });
  const random = seeded(77);
  const some = (length: number) => Int32Array.from({ length }, () => below(random, 8000));
  const [before, typed, after, last] = [some(150), some(3), some(120), some(1)];
  const joined = (...parts: Int32Array[]) => Int32Array.from(parts.flatMap(part => [...part]));
  const root = [{ count: 1, tokens: Int32Array.of(9), parents: Int32Array.of(-1) }, never] as const;
  const rowAfter = async (tokens: Int32Array) => {
    const filled = await moving.prefill(tokens, never);
    const outcome = await moving.decode(...root);
    assert.ok(outcome.kind === "decoded" && filled.kind === "prefilled");
    const row = new Float32Array(moving.vocabulary.size);
    outcome.decoded.logits(0, row);
    moving.accept([0]);
    return { row, computed: filled.computed };
  };
  const first = await rowAfter(joined(before, after, last));
  const typedIn = await rowAfter(joined(before, typed, after, last));
  assert.equal(typedIn.computed, typed.length);
  const back = await rowAfter(joined(before, after, last));
  assert.equal(back.computed, 0);
  const spread = Math.max(...first.row) - Math.min(...first.row);
  const farthest = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0) / spread;
  assert.ok(farthest(first.row, back.row) < 0.01, "there and back is the same but for rounding");
  moving.forget();
  const fresh = await rowAfter(joined(before, typed, after, last));
  assert.ok(farthest(fresh.row, typedIn.row) < 0.25, "moved cells say nearly what computed ones do");

  const aborted = await moving.prefill(joined(before, some(300), after, last), abortedAtLook(2));
  assert.equal(aborted.kind, "aborted");
  moving.forget();
  assert.deepEqual((await rowAfter(joined(before, typed, after, last))).row, fresh.row);
  await moving.dispose();
});

test("a tree larger than the room left is refused whole, and logits are exact up to the last cell", async () => {
  const { contextTokens } = engine.info;
  const random = seeded(5);
  const context = Int32Array.from({ length: contextTokens - 12 }, () => below(random, 8000));
  const chain = Array.from({ length: 40 }, () => below(random, 8000));
  await engine.prefill(context, never);
  const room = engine.room();
  assert.ok(room > 0 && room < 40);
  const parents = chain.map((_, node) => node - 1);
  const refused = await engine.decode(
    { count: 40, tokens: Int32Array.from(chain), parents: Int32Array.from(parents) },
    never,
  );
  assert.equal(refused.kind, "contextFull");
  const decoded = await decodeTree(chain.slice(0, room), parents.slice(0, room));
  const rows = chain.slice(0, room).map((_, node) => logitsAt(decoded, node));
  engine.accept([]);
  for (const [node, row] of rows.entries()) {
    assert.deepEqual(logitsAt(await decodeTree([chain[node] as number], [-1]), 0), row, `node ${node}`);
    engine.accept([0]);
  }
  assert.equal(engine.room(), 0);
});

/** A signal that is aborted from the `looks`th time its state is read. */
function abortedAtLook(looks: number): AbortSignal {
  let left = looks;
  const signal = { addEventListener() {}, removeEventListener() {} };
  Object.defineProperty(signal, "aborted", { get: () => --left <= 0 });
  return signal as unknown as AbortSignal;
}

test("an abort ends a prefill within a chunk, and the finished chunks are kept", async () => {
  const { configuration } = engine;
  // Chunks that take long are not finished, which other programs must not decide.
  engine.configure({ ...configuration, prefillMsPerToken: 1 });
  engine.forget();
  const tokens = Int32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 8000);
  assert.equal((await engine.prefill(tokens, abortedAtLook(4))).kind, "aborted");
  const rest = await engine.prefill(tokens, never);
  assert.ok(rest.kind === "prefilled");
  assert.equal(rest.reused + rest.computed, 1000);
  assert.ok(
    rest.reused >= 192 && rest.reused <= 384 && rest.reused % 64 === 0,
    `three chunks: ${rest.reused}`,
  );
  const fresh = await decodeTree([1], [-1]);
  const row = logitsAt(fresh, 0);
  engine.accept([]);
  engine.forget();
  await engine.prefill(tokens, never);
  assert.deepEqual(
    logitsAt(await decodeTree([1], [-1]), 0),
    row,
    "an interrupted prefill leaves nothing behind",
  );
  engine.accept([]);
  engine.configure(configuration);
});

/** A signal that is aborted as soon as anybody listens to it, so that no scheduler can let a decode end first. */
function abortedAtOnce(): AbortSignal {
  const signal = {
    aborted: false,
    addEventListener: (_: string, abort: () => void) => abort(),
    removeEventListener() {},
  };
  return signal as unknown as AbortSignal;
}

test("an abort in the middle of a slow chunk ends it there", async () => {
  const tokens = Int32Array.from({ length: 60 }, (_, i) => (i * 7907) % 8000);
  const { configuration } = engine;
  engine.forget();
  engine.configure({ ...configuration, prefillMsPerToken: 100 });
  assert.equal((await engine.prefill(tokens, abortedAtOnce())).kind, "aborted");
  engine.configure(configuration);
  const whole = await engine.prefill(tokens, never);
  assert.deepEqual(whole, { kind: "prefilled", reused: 0, computed: 60 });
});

test("a prompt is still computed when keystrokes come faster than chunks are finished", async () => {
  const tokens = Int32Array.from({ length: 300 }, (_, i) => (i * 7901) % 8000);
  const { configuration } = engine;
  engine.configure({ ...configuration, prefillMsPerToken: 1 });
  engine.forget();
  for (let key = 0; key < 4; key++) {
    const controller = new AbortController();
    const running = engine.prefill(tokens.subarray(0, 290 + key), controller.signal);
    controller.abort();
    assert.equal((await running).kind, "aborted");
  }
  assert.deepEqual(await engine.prefill(tokens, never), { kind: "prefilled", reused: 256, computed: 44 });
  engine.configure(configuration);
});

test("an aborted tree leaves the context as it was", async () => {
  const context = Int32Array.from({ length: 300 }, (_, i) => (i * 31) % 8000);
  await engine.prefill(context, never);
  const before = logitsAt(await decodeTree([5], [-1]), 0);
  engine.accept([]);
  const controller = new AbortController();
  const tokens = Int32Array.from({ length: 60 }, (_, node) => node);
  const parents = Int32Array.from({ length: 60 }, (_, node) => (node - 1) >> 1);
  const running = engine.decode({ count: 60, tokens, parents }, controller.signal);
  controller.abort();
  const outcome = await running;
  if (outcome.kind === "decoded") engine.accept([]);
  assert.deepEqual(logitsAt(await decodeTree([5], [-1]), 0), before);
  engine.accept([]);
});

test("a full context is reported, not overrun", async () => {
  const { contextTokens } = engine.info;
  assert.equal((await engine.prefill(new Int32Array(contextTokens), never)).kind, "contextFull");
  const nearly = Int32Array.from({ length: contextTokens - 10 }, (_, i) => (i * 13) % 8000);
  const prompt = { tokens: nearly, history: nearly, after: new Int32Array(0) };
  // A text that cannot end: the model's end token is treated like any other.
  const unending = Object.assign(Object.create(engine), {
    vocabulary: Object.assign(Object.create(engine.vocabulary), { endsText: () => false }),
  });
  const steps = generate(unending, prompt, { maxTokens: 50, treeNodes: 12 }, never);
  let next = await steps.next();
  while (!next.done) next = await steps.next();
  assert.equal(next.value.kind, "contextFull");
});
