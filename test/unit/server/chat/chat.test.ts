import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, Chat, type ChatOptions, notesOnChatting } from "../../../../server/chat/chat.ts";
import { ChatTemplate } from "../../../../server/chat/template.ts";
import { DraftMemory } from "../../../../server/draft/index.ts";
import { type EngineInfo, NO_MIDDLE_NOTE } from "../../../../server/engine/index.ts";
import { chaotic, END, FakeEngine, type FakeModel } from "../../../fakes/engine.ts";

const TEMPLATE =
  "{% for m in messages %}<|start|>{{ m.role }}:{{ m.content }}<|end|>{% endfor %}<|start|>assistant:";
const START = 260;
const never = new AbortController().signal;

async function open(
  model: FakeModel,
  options: Partial<ChatOptions> = {},
  info: Partial<EngineInfo> = {},
  text = TEMPLATE,
) {
  const engine = new FakeEngine(model, info);
  const { vocabulary } = engine;
  const template = await ChatTemplate.open({ template: text, beginning: "", end: "" }, vocabulary);
  const chat = new Chat(engine, template, {
    maxTokens: 60,
    treeNodes: 16,
    memory: new DraftMemory(vocabulary),
    corpora: [],
    ...options,
  });
  return { engine, chat };
}

async function ask(chat: Chat, turn: string, signal = never): Promise<{ text: string; answer: Answer }> {
  let text = "";
  const steps = chat.answer(turn, signal);
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return { text, answer: value };
    text += value;
  }
}

const decoded = (tokens: readonly number[]) =>
  tokens.map(token => (token === START ? "[" : token === END ? "]" : String.fromCharCode(token))).join("");

/** Repeats the last turn, and ends. */
const echo: FakeModel = context => {
  const begin = context.lastIndexOf(START);
  const question = context.slice(context.lastIndexOf(START, begin - 1) + "user:".length + 1, begin - 1);
  return question[context.length - begin - 1 - "assistant:".length] ?? END;
};

test("each turn is answered with the whole conversation before it, the system message first", async () => {
  const { engine, chat } = await open(echo, { system: "Be brief." });
  const start = performance.now();
  const first = await ask(chat, "one two");
  const { prefill, total } = first.answer.ms;
  assert.ok(prefill > 0 && prefill <= total && total <= performance.now() - start);
  assert.equal(first.text, "one two");
  assert.equal(first.answer.finishReason, "endOfText");
  assert.equal((await ask(chat, "three")).text, "three");
  assert.equal(
    decoded(engine.context),
    "[system:Be brief.][user:one two][assistant:one two][user:three][assistant:three",
  );
});

test("drafts change the number of decodes and never the text", async () => {
  for (const model of [echo, chaotic]) {
    const told: string[][] = [];
    const steps: number[] = [];
    for (const treeNodes of [1, 4, 16]) {
      const { chat } = await open(model, { treeNodes });
      const turns = ["the same words again", "the same words again", "the same words again and more"];
      const answers = [];
      for (const turn of turns) answers.push(await ask(chat, turn));
      const drafted = answers.reduce((sum, { answer }) => sum + answer.drafted, 0);
      const accepted = answers.reduce((sum, { answer }) => sum + answer.accepted, 0);
      assert.ok(accepted <= drafted && drafted > 0 === treeNodes > 1, `${accepted} of ${drafted}`);
      told.push(answers.map(({ text }) => text));
      steps.push(answers.reduce((sum, { answer }) => sum + answer.steps, 0));
    }
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(told[2], told[0]);
    if (model === echo) assert.ok((steps[2] as number) < (steps[0] as number), steps.join(" "));
  }
});

test("a sampled answer is the same for the same seed, and each answer has a seed of its own", async () => {
  const answers = async (treeNodes: number, seed = 3) => {
    const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0, seed };
    const { engine, chat } = await open(chaotic, { treeNodes, sampling, maxTokens: 20 });
    engine.distribution = () => [97, 98, 99, 100].map(token => [token, 0]);
    const first = await ask(chat, "x");
    chat.reset();
    return [first.text, (await ask(chat, "x")).text];
  };
  const plain = await answers(1);
  assert.deepEqual(await answers(16), plain);
  assert.notEqual(plain[0], plain[1]);
  assert.equal((await answers(1, 4))[0], plain[1], "seeds are counted up");
});

test("the oldest turns are left out where the context is full, and the system message stays", async () => {
  const { engine, chat } = await open(echo, { system: "S", maxTokens: 40 }, { contextTokens: 240 });
  const dropped: number[] = [];
  for (let i = 0; i < 8; i++) {
    const { text, answer } = await ask(chat, `question ${i}`);
    assert.equal(text, `question ${i}`);
    dropped.push(answer.dropped);
  }
  assert.ok(
    dropped.some(count => count >= 2 && count % 2 === 0),
    dropped.join(" "),
  );
  assert.ok(dropped.filter(count => count > 0).length < 5, "and not at every turn");
  const shown = decoded(engine.context);
  assert.match(shown, /^\[system:S\]\[user:question [1-9]\]/);
  assert.equal(chat.messages.length, 17, "all that was said is kept");
  chat.reset();
  assert.equal((await ask(chat, "anew")).text, "anew");
  assert.match(decoded(engine.context), /^\[system:S\]\[user:anew\]/);
});

test("a turn that is longer than the whole context is not asked and leaves nothing behind", async () => {
  const { chat } = await open(echo, {}, { contextTokens: 120 });
  await ask(chat, "short");
  const { answer } = await ask(chat, "x".repeat(200));
  assert.equal(answer.finishReason, "tooLong");
  assert.equal(answer.dropped, 0);
  assert.equal(chat.messages.length, 2);
  assert.equal((await ask(chat, "again")).text, "again");
});

test("room is kept for a tree and for the longest answer, but for no answer of more than a quarter of the context", async () => {
  // The template adds 18 tokens to the question.
  for (const [maxTokens, most] of [
    [20, 200 - 20 - 16 - 18],
    [60, 200 - 50 - 16 - 18],
  ] as const)
    for (const [length, reason] of [
      [most, "empty"],
      [most + 1, "tooLong"],
    ] as const) {
      const { chat } = await open(() => END, { maxTokens }, { contextTokens: 200 });
      const { answer } = await ask(chat, "x".repeat(length));
      assert.equal(answer.finishReason, reason, `${length} tokens`);
    }
});

test("that a model has no fill-in-the-middle does not matter to a conversation", () => {
  assert.deepEqual(notesOnChatting({ notes: ["another", NO_MIDDLE_NOTE] }), ["another"]);
});

test("the text of an aborted answer stays, and a turn without any answer does not", async () => {
  const { engine, chat } = await open(chaotic, { treeNodes: 1 });
  const stop = new AbortController();
  engine.beforeDecode = async () => {
    if (engine.decodes === 5) stop.abort();
  };
  const { text, answer } = await ask(chat, "go on", stop.signal);
  assert.equal(answer.finishReason, "aborted");
  assert.equal(text.length, 5);
  assert.deepEqual(chat.messages.at(-1), { role: "assistant", content: text });
  const none = await ask(chat, "and on", AbortSignal.abort());
  assert.equal(none.answer.finishReason, "aborted");
  assert.equal(chat.messages.length, 2);
});

test("a turn that the model answers with nothing is taken back, since templates refuse empty answers", async () => {
  const refusing = `{% for m in messages %}{% if not m.content %}{{ raise_exception('empty') }}{% endif %}{% endfor %}${TEMPLATE}`;
  const silent: FakeModel = context => (decoded(context).includes("nothing") ? END : echo(context));
  const { chat } = await open(silent, {}, {}, refusing);
  await ask(chat, "one");
  const { text, answer } = await ask(chat, "nothing");
  assert.equal(text, "");
  assert.equal(answer.finishReason, "empty");
  assert.equal(chat.messages.length, 2);
  assert.equal((await ask(chat, "two")).text, "two");
});

test("an answer is cut at its maximum number of tokens, and a reset forgets the conversation", async () => {
  const { engine, chat } = await open(chaotic, { maxTokens: 7 });
  const { text, answer } = await ask(chat, "x");
  assert.equal(answer.finishReason, "maxTokens");
  assert.equal(text.length, 7);
  chat.reset();
  await ask(chat, "y");
  assert.ok(decoded(engine.context).startsWith("[user:y][assistant:"));
});

test("a template that fails or does not end at a later turn costs that turn only, and is named", async () => {
  for (const [fault, problem] of [
    ["{{ raise_exception('no more') }}", /chat template cannot be used: no more\.$/],
    ["{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", /timed out/],
  ] as const) {
    const text = `{% if messages|length > 2 and messages[2].content == "bad" %}${fault}{% endif %}${TEMPLATE}`;
    const { chat } = await open(echo, {}, {}, text);
    assert.equal((await ask(chat, "one")).text, "one");
    const { answer } = await ask(chat, "bad");
    assert.equal(answer.finishReason, "failed");
    assert.match(answer.failure ?? "", problem);
    assert.equal((await ask(chat, "two")).text, "two");
  }
});
