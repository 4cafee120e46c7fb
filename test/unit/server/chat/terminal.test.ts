import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Answer, Chat } from "../../../../server/chat/chat.ts";
import { ChatTemplate } from "../../../../server/chat/template.ts";
import { talk } from "../../../../server/chat/terminal.ts";
import { DraftMemory } from "../../../../server/draft/index.ts";
import { chaotic, END, FakeEngine, type FakeModel } from "../../../fakes/engine.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-chat-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const TEMPLATE = "{% for m in messages %}<|start|>{{ m.content }}<|end|>{% endfor %}<|start|>";
/** Answers every turn with "yes". */
const agreeing: FakeModel = context => [121, 101, 115][context.length - 1 - context.lastIndexOf(260)] ?? END;

/** Types the lines and returns what the terminal shows. */
async function hold(
  lines: readonly string[],
  {
    model = agreeing,
    contextTokens = 4096,
    text = TEMPLATE,
  }: { model?: FakeModel; contextTokens?: number; text?: string } = {},
) {
  const engine = new FakeEngine(model, { contextTokens });
  const { vocabulary } = engine;
  const memory = new DraftMemory(vocabulary);
  const template = await ChatTemplate.open({ template: text, beginning: "", end: "" }, vocabulary);
  const chat = new Chat(engine, template, { maxTokens: 30, treeNodes: 8, memory, corpora: [] });
  let [out, prompts] = ["", 0];
  const notes: string[] = [];
  let stop: (() => void) | undefined;
  engine.beforeDecode = async () => {
    if (model === chaotic && engine.decodes === 3) stop?.();
  };
  const terminal = {
    lines: (async function* () {
      yield* lines;
    })(),
    write: (text: string) => {
      out += text;
    },
    note: (text: string) => notes.push(text),
    prompt: () => prompts++,
    interrupted: (call: (() => void) | undefined) => {
      stop = call;
    },
  };
  await talk(chat, terminal, () => memory.statistics.figures());
  return { out, notes, prompts, chat, stop };
}

test("lines are turns, blank lines are ignored, and a doubled slash begins a turn with a slash", async () => {
  const { out, notes, prompts, chat } = await hold([
    "hello",
    "",
    " \t",
    "  //etc is a folder ",
    " /quit ",
    "never asked",
  ]);
  assert.equal(out, "yes\nyes\n");
  assert.deepEqual(notes, []);
  assert.equal(prompts, 5);
  assert.deepEqual(
    chat.messages.map(({ content }) => content),
    ["hello", "yes", "/etc is a folder", "yes"],
  );
});

test("commands answer with notes, and an unknown one is named", async () => {
  const { out, notes, chat } = await hold(["hello", "/stats", "/reset", "/help", "/frob", "/save"]);
  assert.equal(out, "yes\n");
  assert.match(notes[0] ?? "", /^1 answer, 4 tokens in \d decodes?: /);
  assert.equal(chat.messages.length, 0);
  assert.match(notes[2] ?? "", /\/save FILE.*\n.*\/help/);
  assert.match(notes[3] ?? "", /There is no \/frob/);
  assert.match(notes[4] ?? "", /Name the file/);
});

test("a conversation is saved as messages, and never over an existing file", async () => {
  const file = join(folder, "my talk.jsonl");
  const { notes } = await hold(["hello", `/save ${file}`, `/save ${file}`, `/save ${folder}/none/x`]);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
    messages: [
      { role: "user", content: "hello" },
      { role: "assistant", content: "yes" },
    ],
  });
  assert.match(notes[0] ?? "", /Saved in .*my talk\.jsonl/);
  assert.match(notes[1] ?? "", /exists already/);
  assert.match(notes[2] ?? "", /cannot be written/);
});

test("an interrupt stops the answer, and the conversation continues", async () => {
  const { notes, chat, prompts, stop } = await hold(["go on"], { model: chaotic });
  assert.equal(stop, undefined, "after the answer, an interrupt ends the conversation");
  assert.deepEqual(notes, ["Stopped."]);
  assert.equal(prompts, 2);
  assert.ok((chat.messages[1]?.content.length ?? 0) >= 3);
});

test("leaving out old turns is reported once", async () => {
  const lines = Array.from({ length: 30 }, (_, i) => `question ${i}`);
  const { notes } = await hold(lines, { contextTokens: 160 });
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? "", /oldest turns are left out/);
});

test("the reason is reported when a question is too long for an answer", async () => {
  const { notes } = await hold(["x".repeat(300)], { contextTokens: 120 });
  assert.match(notes[0] ?? "", /longer than the model's context/);
});

test("a turn that the model answers with nothing is explained", async () => {
  const { notes, chat } = await hold(["hello"], { model: () => END });
  assert.match(notes[0] ?? "", /ended its answer at once.*no longer part/);
  assert.equal(chat.messages.length, 0);
});

test("the reason is given when an answer fails", async () => {
  const text = `{% if messages[0].content == "bad" %}{{ raise_exception('no more') }}{% endif %}${TEMPLATE}`;
  const { notes } = await hold(["bad"], { text });
  assert.deepEqual(notes, ["The model could not answer: its chat template cannot be used: no more."]);
});

test("the figures are totals of all answers, and of each source of drafts", async () => {
  const answers: Answer[] = [
    { tokens: 10, steps: 4, drafted: 12, accepted: 6, ms: { prefill: 250, total: 1250 } },
    { tokens: 20, steps: 6, drafted: 18, accepted: 14, ms: { prefill: 750, total: 1750 } },
  ].map(each => ({ ...each, finishReason: "endOfText", dropped: 0, promptTokens: 9, reusedTokens: 0 }));
  const chat = {
    // biome-ignore lint/correctness/useYield: the answers have no text.
    async *answer() {
      return answers.shift();
    },
  } as unknown as Chat;
  const notes: string[] = [];
  const lines = (async function* () {
    yield* ["/stats", "one", "two", "/stats"];
  })();
  const terminal = {
    lines,
    write() {},
    note: (text: string) => notes.push(text),
    prompt() {},
    interrupted() {},
  };
  await talk(chat, terminal, () => [{ name: "document", proposed: 25, accepted: 17 }]);
  assert.deepEqual(notes[0]?.split("\n").slice(0, 3), [
    "0 answers, 0 tokens in 0 decodes: 0 tokens per decode",
    "0 tokens per second, prefill 0.0 s",
    "0 tokens drafted, 0 accepted",
  ]);
  assert.deepEqual(notes[1]?.split("\n"), [
    "2 answers, 30 tokens in 10 decodes: 3.0 tokens per decode",
    "15.0 tokens per second, prefill 1.0 s",
    "30 tokens drafted, 20 accepted",
    "  document: 17 of 25",
  ]);
});
