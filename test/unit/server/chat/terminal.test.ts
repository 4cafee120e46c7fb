import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Chat } from "../../../../server/chat/chat.ts";
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
  { model = agreeing, contextTokens = 4096 }: { model?: FakeModel; contextTokens?: number } = {},
) {
  const engine = new FakeEngine(model, { contextTokens });
  const { vocabulary } = engine;
  const memory = new DraftMemory(vocabulary);
  const template = await ChatTemplate.open({ template: TEMPLATE, beginning: "", end: "" }, vocabulary);
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
  return { out, notes, prompts, chat };
}

test("lines are turns, blank lines are ignored, and a doubled slash begins a turn with a slash", async () => {
  const { out, notes, prompts, chat } = await hold([
    "hello",
    "",
    "//etc is a folder",
    "/quit",
    "never asked",
  ]);
  assert.equal(out, "yes\nyes\n");
  assert.deepEqual(notes, []);
  assert.equal(prompts, 4);
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
  const { notes, chat, prompts } = await hold(["go on"], { model: chaotic });
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
