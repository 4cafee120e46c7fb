import assert from "node:assert/strict";
import { test } from "node:test";
import { complete } from "../../../../server/completion/complete.ts";
import { DecodeTrace } from "../../../../server/completion/decodeTrace.ts";
import { type End, type GenerateOptions, generate } from "../../../../server/completion/generate.ts";
import type { TreeDrafter } from "../../../../server/draft/drafter.ts";
import { DraftTree } from "../../../../server/draft/tree.ts";
import { ByteVocabulary, chaotic, END, FakeEngine, type FakeModel, saying } from "../../../fakes/engine.ts";

const never = new AbortController().signal;

async function run(
  engine: FakeEngine,
  treeNodes: number,
  maxTokens = 60,
  signal = never,
  more: Partial<GenerateOptions> = {},
) {
  const prompt = {
    tokens: engine.vocabulary.tokenize("()*()*()*"),
    history: engine.vocabulary.tokenize("()*()*()*"),
    after: new Int32Array(0),
  };
  const steps = generate(engine, prompt, { maxTokens, treeNodes, ...more }, signal);
  const tokens: number[] = [];
  let accepted = 0;
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return { tokens, end: value as End, accepted };
    if (value.kind !== "step") continue;
    tokens.push(...value.tokens);
    accepted += value.accepted;
  }
}

const repeating: FakeModel = context => 40 + (context.length % 3);

test("the tokens are those of the model asked one token at a time, with drafts or without", async () => {
  for (const model of [chaotic, repeating]) {
    const context = [...new ByteVocabulary().tokenize("()*()*()*")];
    const start = context.length;
    while (context.length < start + 60) context.push(model(context));
    for (const treeNodes of [1, 2, 3, 8, 63])
      assert.deepEqual((await run(new FakeEngine(model), treeNodes)).tokens, context.slice(start));
  }
});

test("a repetitive text takes fewer decodes with drafts than without", async () => {
  const plain = new FakeEngine(repeating);
  const drafted = new FakeEngine(repeating);
  await run(plain, 1);
  await run(drafted, 16);
  assert.ok(drafted.decodes * 3 < plain.decodes, `${drafted.decodes} against ${plain.decodes}`);
});

/** Decodes of n rows take 10 + 5n ms, and the first one also has four rows of waiting tokens. */
class WaitingEngine extends FakeEngine {
  private get waiting() {
    return this.decodes === 0 ? 4 : 0;
  }

  override cost(nodes = 1): number {
    return 10 + 5 * (nodes + this.waiting);
  }

  override get waitingMs(): number {
    return 5 * this.waiting;
  }
}

/** The cost of trees of 1, 2 and 4 nodes at each of the given number of steps without drafts. */
async function costsAsked(engine: FakeEngine, steps: number): Promise<number[][]> {
  const asked: number[][] = [];
  const tree = new DraftTree(1);
  const drafter = () => ({
    push() {},
    draft(root: number, _room: number, cost: (nodes: number) => number) {
      asked.push([1, 2, 4].map(cost));
      tree.plant(root);
      return tree;
    },
  });
  await run(engine, 8, steps, never, { drafter });
  return asked;
}

test("waiting tokens do not make large trees cheap, and a millisecond counts twice before the first text", async () => {
  assert.deepEqual(await costsAsked(new WaitingEngine(repeating), 3), [
    [7.5, 12.5, 22.5],
    [15, 20, 30],
    [15, 20, 30],
  ]);
});

test("the cost of a tree includes the slowdown of the single rows after it", async () => {
  const engine = new FakeEngine(repeating);
  engine.cost = (nodes = 1) => 10 * nodes;
  Object.defineProperty(engine, "slowdownMs", { get: () => 3 });
  assert.deepEqual(await costsAsked(engine, 2), [
    [5, 18, 38],
    [10, 23, 43],
  ]);
});

test("a larger decode that takes less time than a single row costs as much as the single row", async () => {
  const asked: number[][] = [];
  const engine = new FakeEngine(repeating);
  engine.cost = (nodes = 1) => 12 / nodes;
  const watch = (inner: TreeDrafter): TreeDrafter => ({
    push: token => inner.push(token),
    draft: (root, room, cost) => {
      asked.push([1, 2, 4].map(cost));
      return inner.draft(root, room, cost);
    },
  });
  await run(engine, 1, 2, never, { watch });
  assert.deepEqual(asked, [
    [6, 6, 6],
    [12, 12, 12],
  ]);
});

test("exactly the requested number of tokens is generated", async () => {
  for (const treeNodes of [1, 16]) {
    const { tokens, end } = await run(new FakeEngine(repeating), treeNodes, 17);
    assert.equal(tokens.length, 17);
    assert.equal(end.kind, "maxTokens");
  }
});

test("a full context ends the completion cleanly", async () => {
  for (const treeNodes of [1, 16]) {
    const { tokens, end } = await run(new FakeEngine(repeating, { contextTokens: 20 }), treeNodes);
    assert.equal(end.kind, "contextFull");
    assert.ok(tokens.length >= 11);
  }
});

test("an abort ends the generation at the next decode", async () => {
  const engine = new FakeEngine(chaotic);
  const controller = new AbortController();
  engine.beforeDecode = async () => {
    if (engine.decodes === 3) controller.abort();
  };
  const { end } = await run(engine, 8, 60, controller.signal);
  assert.equal(end.kind, "aborted");
  assert.equal(engine.decodes, 3);
});

test("an aborted generation ends only once its draft model computes no more", async () => {
  let release = () => {};
  const prepared = new Promise<void>(resolve => {
    release = resolve;
  });
  const drafter = (): TreeDrafter => ({
    prepare: () => prepared,
    push() {},
    draft: () => assert.fail("nothing is drafted"),
  });
  let ended = false;
  const running = run(new FakeEngine(chaotic), 8, 60, AbortSignal.abort(), { drafter }).then(({ end }) => {
    ended = true;
    return end;
  });
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(ended, false);
  release();
  assert.equal((await running).kind, "aborted");
});

test("a completion streams growing text and says how it ended", async () => {
  const engine = new FakeEngine(saying("return a + b\n"));
  const snapshot = {
    uri: "file:///a.py",
    languageId: "python",
    version: 1,
    text: "def f(a, b):\n    ",
    offset: 17,
  };
  const growing = complete(engine, snapshot, { maxTokens: 40, treeNodes: 8 }, never);
  const texts: string[] = [];
  for (;;) {
    const { value, done } = await growing.next();
    if (!done) {
      assert.ok(value.startsWith(texts.at(-1) ?? ""));
      texts.push(value);
      continue;
    }
    assert.equal(value.text, "return a + b");
    assert.equal(value.finishReason, "endOfText");
    assert.equal(value.tokens, 14);
    assert.ok(value.ms.firstText !== undefined && value.ms.firstText <= value.ms.total);
    break;
  }
  assert.ok(texts.length > 1);
});

test("a character spread over tokens is shown whole or not at all", async () => {
  const engine = new FakeEngine(saying("é🙂"));
  const snapshot = { uri: "file:///a.py", languageId: "python", version: 1, text: "x = ", offset: 4 };
  const growing = complete(engine, snapshot, { maxTokens: 40, treeNodes: 1 }, never);
  const texts: string[] = [];
  for (let next = await growing.next(); !next.done; next = await growing.next()) texts.push(next.value);
  assert.deepEqual(texts, ["é", "é🙂"]);
});

test("a faulty source of drafts loses only its drafts, is reported once and does not change the text", async () => {
  const plain = await run(new FakeEngine(repeating), 1);
  const tree = (fill: (tree: DraftTree) => void) => (root: number) => {
    const made = new DraftTree(64);
    made.plant(root);
    fill(made);
    return made;
  };
  /** By what is reported of them. */
  const faults: Record<string, (root: number) => DraftTree> = {
    "out of order": () => {
      throw new Error("out of order");
    },
    "token 70000 of no vocabulary": tree(made => made.grow(0, 70_000)),
    // The first after the last one of the vocabulary.
    "token 261 of no vocabulary": tree(made => made.grow(0, new ByteVocabulary().size)),
    "node 1 with parent 1": tree(made => {
      made.grow(0, 98);
      made.parents[1] = 1;
    }),
    "a tree of 61 nodes": tree(made => {
      for (let i = 0; i < 60; i++) made.grow(i, 97);
    }),
    "a tree with another root": tree(made => made.plant(5)),
  };
  for (const [name, draft] of Object.entries(faults)) {
    const reported: string[] = [];
    const options = {
      drafter: () => ({ push: () => {}, draft }),
      onFault: (message: string) => reported.push(message),
    };
    const { tokens } = await run(new FakeEngine(repeating), 16, 60, never, options);
    assert.deepEqual(tokens, plain.tokens, name);
    assert.equal(reported.length, 1, name);
    assert.ok(reported[0]?.includes(name), reported[0]);
  }
});

/** Drafts the continuation of a text, a given number of tokens at a time: every draft is accepted. */
class PerfectDrafter {
  private at = 0;
  private readonly tree: DraftTree;
  constructor(
    private readonly tokens: Int32Array,
    nodes: number,
  ) {
    this.tree = new DraftTree(nodes);
  }
  push(): void {
    this.at++;
  }
  draft(root: number, room: number): DraftTree {
    this.tree.plant(root);
    for (let node = 0; node + 1 < Math.min(room, this.tree.capacity); node++) {
      const token = this.tokens[this.at + node];
      if (token === undefined) break;
      this.tree.grow(node, token);
    }
    return this.tree;
  }
}

test("the end of a text does not depend on how many tokens each step decides", async () => {
  const places: [marked: string, languageId: string, generated: string][] = [
    [
      "class A {\n    void F() {\n        if (a)\n        {‸\n    }\n}\n",
      "csharp",
      "\n            G();\n        }\n        else\n        {\n            H();\n        }\n",
    ],
    [
      "def f(a):\n    ‸\n",
      "python",
      "if a:\n        return 1\n    elif b:\n        return 2\n    return 3\n\n\ndef g():\n    pass\n",
    ],
    ["items.map(‸)\n", "javascript", "(x) => {\n  return x;\n})\nnext();\n"],
    ["func f() {\n\tif a ‸\n}\n", "go", "{\n\t\treturn\n\t} else {\n\t\tb()\n\t}\n}\n\nfunc g() {}\n"],
    ["x = ‸\ny = 2\n", "python", "foo(1,\n        2)\ny = 2\nz = 3\n"],
  ];
  for (const [marked, languageId, generated] of places) {
    const texts = new Set<string>();
    for (const nodes of [1, 2, 3, 5, 8, 24]) {
      const offset = marked.indexOf("‸");
      const text = marked.replace("‸", "");
      const engine = new FakeEngine(saying(generated));
      const drafter = () => new PerfectDrafter(engine.vocabulary.tokenize(generated), nodes);
      const snapshot = { uri: "file:///a", languageId, version: 1, text, offset };
      const growing = complete(engine, snapshot, { maxTokens: 200, treeNodes: nodes, drafter }, never);
      let next = await growing.next();
      while (!next.done) next = await growing.next();
      texts.add(`${next.value.finishReason}: ${next.value.text}`);
    }
    assert.equal(texts.size, 1, JSON.stringify([...texts]));
  }
});

test("each step has its tokens up to the end of the text, with their probabilities, costs and drafts", async () => {
  const vocabulary = new ByteVocabulary();
  const text = "abcdefg";
  const whole = Int32Array.of(...vocabulary.tokenize(text), END, END, END);
  for (const nodes of [1, 3, 5, 16]) {
    const engine = new FakeEngine(context => whole[context.length - 4] ?? END);
    engine.distribution = context => {
      const next = whole[context.length - 4] ?? END;
      return [
        [next, Math.log(0.75)],
        [next === 1 ? 2 : 1, Math.log(0.25)],
      ];
    };
    engine.cost = () => (engine.decodes === 0 ? 35 : 15);
    Object.defineProperties(engine, { slowdownMs: { get: () => 3 }, prefillMsPerToken: { get: () => 1 } });
    const tails: unknown[] = [];
    const prefill = engine.prefill.bind(engine);
    engine.prefill = (tokens, signal, tail?: unknown) => {
      tails.push(tail);
      return prefill(tokens, signal);
    };
    const trace = new DecodeTrace();
    const drafter = () => new PerfectDrafter(whole, nodes);
    let asked = 0;
    const wantsProbabilities = () => asked++ !== 1;
    const options = { maxTokens: 60, treeNodes: nodes, drafter, wantsProbabilities, trace };
    const tokens = vocabulary.tokenize("f(x)");
    const prompt = { tokens, history: tokens, after: new Int32Array(0) };
    const events: unknown[] = [];
    for await (const event of generate(engine, prompt, options, never)) events.push(event);
    assert.deepEqual(tails, ["deferred"]);
    const expected: unknown[] = [{ kind: "prefilled", reused: 0 }];
    let plainMs = 0;
    for (let at = 0; at < text.length + 1; at += nodes) {
      const decided = [...whole.slice(at, Math.min(at + nodes, text.length + 1))];
      const drafted = Math.min(nodes - 1, whole.length - at);
      const [step, slowdownMs] = [expected.length - 1, nodes > 1 ? 3 : 0];
      const probabilities = step === 1 ? undefined : decided.map(() => 0.75);
      expected.push({ kind: "step", tokens: decided, drafted, accepted: drafted, slowdownMs, probabilities });
      plainMs += (step === 0 ? 35 : 15) + 15 * drafted;
    }
    const rounded = events.map(event => {
      const { probabilities } = event as { probabilities?: number[] };
      const round = (value: number) => Math.round(value * 1e9) / 1e9;
      return probabilities ? { ...(event as object), probabilities: probabilities.map(round) } : event;
    });
    assert.deepEqual(rounded, expected, `${nodes} nodes`);
    assert.deepEqual([trace.treeSizes.length, trace.plainMs], [expected.length - 1, plainMs]);
  }
});

test("a prompt that is not computed yields no step, and an empty one ends at once", async () => {
  const engine = new FakeEngine(chaotic);
  engine.prefill = async () => ({ kind: "contextFull" });
  assert.deepEqual((await run(engine, 8)).end, { kind: "contextFull" });
  assert.equal(engine.decodes, 0);
  const empty = { tokens: new Int32Array(0), history: new Int32Array(0), after: new Int32Array(0) };
  const { value, done } = await generate(engine, empty, { maxTokens: 9, treeNodes: 1 }, never).next();
  assert.deepEqual([value, done], [{ kind: "endOfText" }, true]);
});

test("a tree is drafted and decoded only once what is drafted ahead is there", async () => {
  const engine = new FakeEngine(repeating);
  const events: string[] = [];
  engine.beforeDecode = async () => void events.push("decode");
  const tree = new DraftTree(1);
  const drafter = (): TreeDrafter => ({
    push() {},
    draftAhead: async () => {
      await new Promise(resolve => setImmediate(resolve));
      events.push("ahead");
    },
    draft(root) {
      events.push("draft");
      tree.plant(root);
      return tree;
    },
  });
  await run(engine, 8, 2, never, { drafter });
  assert.deepEqual(events, ["ahead", "draft", "decode", "ahead", "draft", "decode"]);
});
