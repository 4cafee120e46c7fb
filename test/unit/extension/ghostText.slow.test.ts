import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerClient } from "../../../extension/client.ts";
import { GhostText } from "../../../extension/ghostText.ts";
import type { CompletionQuery } from "../../../extension/requests.ts";
import { below, seeded } from "../../fakes/random.ts";
import { FakeEditor, type InlineCompletionItem } from "../../fakes/vscode.ts";

const SEEDS = 60;
/** What the model may say, chosen by the text before the cursor. */
const TEXTS = [
  "",
  "foo",
  "foo()",
  "foobar(a, b)\n    return",
  "f(x[1], 'a')",
  "b",
  "a(b)\n  c",
  "oo",
  "fo😀",
  "a.b",
];
/** Longer than any text takes to come and to be drawn. */
const SETTLED_MS = 350;

const hash = (text: string) => [...text].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) >>> 0, 7);

/** A server that says each text in parts, and in the end what came of it. */
class FakeServer {
  readonly asked: { readonly place: string; readonly text: string; readonly isSelected: boolean }[] = [];

  constructor(
    private readonly random: () => number,
    private readonly textBefore: (query: CompletionQuery) => string,
  ) {}

  async complete(
    query: CompletionQuery,
    take: (item: unknown) => void,
    token: { readonly isCancellationRequested: boolean },
  ): Promise<unknown> {
    const { random } = this;
    const place = this.textBefore(query);
    const entry = query.selected?.text ?? "";
    const text = entry + (TEXTS[hash(place.slice(-6) + entry) % TEXTS.length] ?? "");
    this.asked.push({ place, text, isSelected: entry !== "" });
    const item = (length: number) => ({ insertText: text.slice(0, length), range: query.selected?.range });
    await sleep(random() * 4);
    for (
      let length = 1;
      length < text.length && !token.isCancellationRequested;
      length += 1 + below(random, 5)
    ) {
      take(item(length));
      await sleep(random() * 3);
    }
    if (token.isCancellationRequested) return undefined;
    // The end is reported some time after the last part.
    if (text !== "" && random() < 0.5) {
      take(item(text.length));
      await sleep(random() * 60);
    }
    return { item: text === "" ? undefined : item(text.length), ended: undefined };
  }
}

/** Something a person does; returns whether it applies. */
type Action = (editor: FakeEditor, rest: string, random: () => number) => boolean;

const acceptAll: Action = (editor, rest) => {
  if (rest === "") return false;
  const isCrlf = editor.document.text.includes("\r\n");
  editor.type(isCrlf ? rest.replaceAll("\n", "\r\n") : rest);
  return true;
};

const ACTIONS: readonly Action[] = [
  // Types what is shown, with the editor's own closing brackets.
  (editor, rest) => {
    const [first] = rest;
    if (first === undefined || first === "\n") return false;
    const pair = { "(": "()", "[": "[]", "'": "''" }[first];
    if (first === editor.document.text[editor.cursor] && /[)\]']/.test(first))
      editor.replace(editor.cursor, 1, first);
    else if (pair) editor.replace(editor.cursor, 0, pair, editor.cursor + 1);
    else editor.type(first);
    return true;
  },
  acceptAll,
  acceptAll,
  // Accepts a word.
  (editor, rest) => {
    const word = /^(?:\w+|[^\w\n])/u.exec(rest)?.[0];
    if (word) editor.type(word);
    return word !== undefined;
  },
  (editor, _, random) => {
    editor.type("afo "[below(random, 4)] ?? "a");
    return true;
  },
  editor => {
    const isInLine = /[^\r\n]$/.test(editor.document.text.slice(0, editor.cursor));
    if (isInLine) editor.replace(editor.cursor - 1, 1, "");
    return isInLine;
  },
  (editor, _, random) => {
    editor.select(["foo", "oo", "format", "x"][below(random, 4)] ?? "x");
    return true;
  },
  editor => {
    editor.selected = undefined;
    return true;
  },
  editor => {
    const isInLine = /[^\r\n]$/.test(editor.document.text.slice(0, editor.cursor));
    if (isInLine) editor.move(editor.cursor - 1);
    return isInLine;
  },
  () => true,
];

/** Plays one random scene. Returns what is wrong at its end; undefined if nothing is. */
async function problemOf(seed: number): Promise<string | undefined> {
  const random = seeded(seed);
  const isSlow = random() < 0.5;
  const lineBreak = random() < 0.2 ? "\r\n" : "\n";
  const text = ["import a", "x = f", "  y = (a)", "end", ""].join(lineBreak);
  const editor: FakeEditor = new FakeEditor(text, text.indexOf("= f") + 3, () => ghost);
  const server = new FakeServer(random, ({ document, position }) =>
    document.getText().slice(0, document.offsetAt(position)),
  );
  const last = isSlow ? { firstTextMs: 1, totalMs: 1000 } : undefined;
  const client = { status: { current: { state: "ready", last } }, requests: server };
  const observer = { answered() {}, shown() {}, accepted() {}, left() {}, edited() {} };
  const ghost = new GhostText(
    client as unknown as ServerClient,
    "foretoken.foretoken",
    { isOn: false },
    observer,
  );
  let [questions, open] = [0, 0];
  let shown: InlineCompletionItem | undefined;
  const problems: string[] = [];
  const rest = () => {
    if (!shown) return "";
    const { document, cursor } = editor;
    const there = document.text.slice(document.offsetAt(shown.range.start), cursor).replaceAll("\r\n", "\n");
    if (!shown.insertText.startsWith(there))
      problems.push(`${shown.insertText} does not begin with ${there}`);
    return shown.insertText.slice(there.length);
  };
  const ask = async () => {
    questions++;
    open++;
    shown = undefined;
    const item = await editor.ask();
    open--;
    if (item) shown = item;
    rest();
  };
  editor.whenTriggered(() => void ask());
  void ask();
  for (let steps = 3 + below(random, 10); steps > 0; steps--) {
    const act = ACTIONS[below(random, ACTIONS.length)];
    if (act?.(editor, rest(), random)) void ask();
    await sleep([0, 1, 3, 10, 30, 80][below(random, 6)]);
  }
  await sleep(SETTLED_MS);
  ghost.dispose();
  await sleep(1);
  if (open > 0) problems.push(`${open} requests are never answered`);
  if (server.asked.length > questions)
    problems.push(`asked ${server.asked.length} times for ${questions} requests`);
  const place = editor.document.text.slice(0, editor.cursor);
  const isEmpty = server.asked.some(each => each.place === place && (each.text === "" || each.isSelected));
  if (!shown && !isEmpty) problems.push(`nothing is shown after ${JSON.stringify(place.slice(-12))}`);
  return problems.length > 0 ? `seed ${seed}: ${problems.join("; ")}` : undefined;
}

test("whatever is typed, accepted or selected, each request is answered, and no place with text is left empty", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) assert.equal(await problemOf(seed), undefined);
});
