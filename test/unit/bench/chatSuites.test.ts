import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../../server/system/paths.ts";
import { UsageError } from "../../../server/system/usage.ts";
import { conversationItems, recordedConversation, suiteConversations } from "../../bench/chatSuites.ts";
import { END, FakeEngine, type FakeModel } from "../../fakes/engine.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-chat-suites-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const TEMPLATE =
  "{% for m in messages %}<|start|>{{ m.role }}:{{ m.content }}<|end|>{% endfor %}<|start|>assistant:";
/** Answers every turn with "yes". */
const agreeing: FakeModel = context =>
  [121, 101, 115][context.length - 1 - context.lastIndexOf(260) - "assistant:".length] ?? END;
const engine = new FakeEngine(agreeing, { chat: { template: TEMPLATE, beginning: "", end: "" } });
const shown = (tokens: Int32Array) =>
  [...tokens].map(token => (token === 260 ? "[" : token === END ? "]" : String.fromCharCode(token))).join("");

const questions = join(packageRoot(), "test", "fixtures", "mt-bench");
const bounds = { items: 0, maxTokens: 20, promptTokens: 2000 };

test("each of MT-Bench's questions becomes two turns, the second after the model's own first answer", async () => {
  const conversations = suiteConversations("mt-bench", { problems: questions, corpus: undefined });
  assert.equal(conversations.length, 5);
  const items = await conversationItems(engine, conversations, bounds, never);
  assert.deepEqual(
    items.slice(0, 3).map(({ id }) => id),
    ["writing 1 turn 1", "writing 1 turn 2", "reasoning 2 turn 1"],
  );
  assert.equal(items.length, 10);
  assert.match(shown(items[0]!.prompt.tokens), /^\[user:Write a short note [^[]*\]\[assistant:$/);
  assert.match(
    shown(items[1]!.prompt.tokens),
    /^\[user:[^[]*\]\[assistant:yes\]\[user:Write the same note [^[]*\]\[assistant:$/,
  );
  assert.ok(items.every(({ script, maxTokens }) => script === undefined && maxTokens === 20));
});

test("recorded answers are replayed, each after the recorded conversation before it", async () => {
  const path = join(folder, "talk.json");
  const forms = [
    {
      id: "s",
      conversations: [
        { from: "system", value: "S" },
        { from: "human", value: "a" },
        { from: "gpt", value: "one " },
        { from: "human", value: "b" },
        { from: "gpt", value: "a longer answer than there are tokens" },
      ],
    },
    {
      prompt_id: "m",
      messages: [
        { role: "user", content: "c" },
        { role: "assistant", content: "three" },
      ],
    },
    { data: ["d", "four"] },
    { text: "no conversation" },
  ];
  for (const text of [JSON.stringify(forms), forms.map(form => JSON.stringify(form)).join("\n")]) {
    writeFileSync(path, text);
    const conversations = suiteConversations("chat", { problems: undefined, corpus: path });
    const items = await conversationItems(engine, conversations, bounds, never);
    assert.deepEqual(
      items.map(({ id, script }) => [id, shown(script!)]),
      [
        ["s turn 1", "one"],
        ["s turn 2", "a longer answer than"],
        ["m turn 1", "three"],
        ["2 turn 1", "four"],
      ],
    );
    assert.equal(shown(items[1]!.prompt.tokens), "[system:S][user:a][assistant:one ][user:b][assistant:");
    assert.deepEqual(
      items.map(({ maxTokens, script }) => maxTokens === script!.length),
      [true, true, true, true],
    );
  }
  assert.equal(recordedConversation({ messages: [{ role: "tool", content: "x" }] }, 0), undefined);
});

test("the requested number of items is spread over all conversations, and prompts that do not fit are left out", async () => {
  const conversations = suiteConversations("mt-bench", { problems: questions, corpus: undefined });
  const four = await conversationItems(engine, conversations, { ...bounds, items: 4 }, never);
  assert.deepEqual(
    four.map(({ id }) => id),
    ["writing 1 turn 1", "writing 1 turn 2", "coding 3 turn 1", "coding 3 turn 2"],
  );
  const short = await conversationItems(engine, conversations, { ...bounds, promptTokens: 140 }, never);
  assert.ok(short.length > 0 && short.length < 10);
  assert.ok(short.every(({ prompt }) => prompt.tokens.length <= 140));
  await assert.rejects(
    conversationItems(engine, conversations, { ...bounds, promptTokens: 8 }, never),
    /raise --prompt-tokens/,
  );
});

test("an error names what a suite of conversations lacks", async () => {
  const none = { problems: undefined, corpus: undefined };
  assert.throws(() => suiteConversations("mt-bench", none), /needs --problems FOLDER with question\.jsonl/);
  assert.throws(() => suiteConversations("chat", none), /needs --corpus FILE/);
  assert.throws(
    () => suiteConversations("mt-bench", { ...none, problems: folder }),
    /There is no .*question\.jsonl/,
  );
  const bad = join(folder, "bad.jsonl");
  writeFileSync(bad, "{");
  assert.throws(() => suiteConversations("chat", { ...none, corpus: bad }), /bad\.jsonl cannot be read/);
  writeFileSync(bad, '{"text": "x"}\n');
  assert.throws(() => suiteConversations("chat", { ...none, corpus: bad }), /has no conversations/);
  await assert.rejects(
    conversationItems(new FakeEngine(agreeing), [], bounds, never),
    (error: unknown) =>
      error instanceof UsageError && error.exitCode === 2 && /no chat template/.test(error.message),
  );
});
