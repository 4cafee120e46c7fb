import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerClient } from "../../../extension/client.ts";
import { GhostText } from "../../../extension/ghostText.ts";
import type { CompletionQuery } from "../../../extension/requests.ts";
import { FakeEditor, type InlineCompletionItem, InlineCompletionTriggerKind } from "../../fakes/vscode.ts";

/** A request to the server, which the test answers. */
interface Asked {
  readonly query: CompletionQuery;
  readonly token: { readonly isCancellationRequested: boolean };
  /** Sends the whole text so far. */
  grow(text: string): void;
  /** Ends it with what was sent. */
  end(ended?: object): void;
}

let asked: Asked[];
let ghost: GhostText;
let editor: FakeEditor;
/** What the observer was told, without edits. */
let told: unknown[][];
const snooze = { isOn: false };
/** Of the last completion; what came late is not held back for what follows. */
const last = { firstTextMs: 1, totalMs: 1000 };

beforeEach(() => {
  asked = [];
  told = [];
  snooze.isOn = false;
  const requests = {
    complete(query: CompletionQuery, take: (item: unknown) => void, token: Asked["token"]) {
      return new Promise(resolve => {
        let text = "";
        const item = () => ({ insertText: text, range: query.selected?.range });
        asked.push({
          query,
          token,
          grow(grown) {
            text = grown;
            take(item());
          },
          end: ended => resolve({ item: text === "" ? undefined : item(), ended }),
        });
      });
    },
  };
  const client = { status: { current: { state: "ready", last } }, requests } as unknown as ServerClient;
  const tell =
    (what: string) =>
    (...details: unknown[]) =>
      void told.push([what, ...details]);
  const observer = {
    answered: tell("answered"),
    shown: tell("shown"),
    accepted: tell("accepted"),
    left: tell("left"),
    edited() {},
  };
  ghost = new GhostText(client, "foretoken.foretoken", snooze, observer);
  editor = new FakeEditor("x = f\nprint(x)\n", 5, () => ghost);
});

afterEach(() => ghost.dispose());

const latest = () => asked.at(-1) as Asked;
/** Asks, and lets the server answer with a text that may still grow. */
async function shown(text: string): Promise<InlineCompletionItem | undefined> {
  const item = editor.ask();
  latest().grow(text);
  return item;
}
/** Lets what waits for the text go on. */
const turn = () => sleep(1);

test("a request is answered with the first text, and asked for again as the text grows", async () => {
  assert.equal((await shown("oo"))?.insertText, "oo");
  const again = new Promise<InlineCompletionItem | undefined>(resolve => {
    editor.whenTriggered(() => resolve(editor.ask()));
  });
  latest().grow("oo(a)");
  assert.equal((await again)?.insertText, "oo(a)");
  assert.equal(asked.length, 1);
});

test("typing along keeps the text, and anything else ends its computation", async () => {
  await shown("oo(a)");
  editor.type("o");
  assert.equal((await editor.ask())?.insertText, "oo(a)");
  assert.equal(asked.length, 1);
  editor.type("x");
  assert.equal(latest().token.isCancellationRequested, true);
  void editor.ask();
  assert.equal(asked.length, 2);
});

test("where a text has ended at what the user has accepted, what follows is asked for", async () => {
  await shown("oo");
  editor.type("oo");
  const next = editor.ask();
  await turn();
  assert.equal(asked.length, 1, "the text may still grow");
  latest().end();
  await turn();
  assert.equal(asked.length, 2);
  latest().grow("(a)");
  assert.equal((await next)?.insertText, "(a)");
});

test("a text that ends without characters answers that there is nothing, once", async () => {
  const first = editor.ask();
  latest().end();
  assert.equal(await first, undefined);
  assert.equal(asked.length, 1);
});

test("an entry of the suggestion list that the text does not begin with is asked for once, and continued", async () => {
  await shown("oo(a)");
  editor.select("format");
  const next = editor.ask();
  await turn();
  assert.equal(asked.length, 2);
  latest().grow("format(x)");
  const item = await next;
  assert.equal(item?.insertText, "format(x)");
  assert.equal(item?.range.start.character, 4);
  assert.equal(asked.length, 2);
});

test("an entry after which there is nothing to say is asked for once", async () => {
  editor.select("format");
  const first = editor.ask();
  await turn();
  latest().end();
  assert.equal(await first, undefined);
  assert.equal(asked.length, 1);
});

test("once the list is closed, a text that need not begin with its entry is asked for", async () => {
  editor.select("format");
  await shown("format(x)");
  editor.selected = undefined;
  const next = editor.ask();
  assert.equal(asked.length, 2);
  assert.equal(latest().query.selected, undefined);
  latest().grow("oo");
  assert.equal((await next)?.insertText, "oo");
});

test("the text of an entry that was taken goes on", async () => {
  editor.select("format");
  await shown("format(x)");
  editor.replace(4, 1, "format");
  assert.equal((await editor.ask())?.insertText, "format(x)");
  assert.equal(asked.length, 1);
});

test("a request that the editor has given up is answered with nothing", async () => {
  const given = editor.ask();
  editor.type("o");
  latest().grow("oo");
  assert.equal(await given, undefined);
});

test("an explicit request does not wait for one that was not", async () => {
  void editor.ask();
  const explicit = editor.ask(InlineCompletionTriggerKind.Invoke);
  assert.deepEqual(
    asked.map(({ query }) => query.explicit),
    [false, true],
  );
  latest().grow("oo");
  assert.equal((await explicit)?.insertText, "oo");
});

test("the observer is told the length of what is shown, the parts that are accepted at once, and when it is left", async () => {
  await shown("oo(a)");
  editor.type("o");
  editor.type("o(");
  editor.type("z");
  const uri = editor.document.uri.toString();
  assert.deepEqual(told, [["shown", uri, 5], ["accepted", 6, "o("], ["left"]]);
});

test("an inserted line break with its indentation is a key, and line breaks count as they will be in the document", async () => {
  editor = new FakeEditor("if a:\r\nprint(x)\r\n", 5, () => ghost);
  await shown("\n    b\n    c");
  editor.type("\r\n    ");
  editor.type("b\r\n    c");
  const uri = editor.document.uri.toString();
  assert.deepEqual(told.slice(0, 2), [
    ["shown", uri, 14],
    ["accepted", 11, "b\r\n    c"],
  ]);
});

test("a request is reported once it has ended and its text was handed over, with the time since its key", async t => {
  let now = 1_000;
  t.mock.method(performance, "now", () => now);
  const answered = () => told.filter(([what]) => what === "answered").map(([, ...details]) => details);
  for (const [kind, laterMs, expectedMs] of [
    [InlineCompletionTriggerKind.Automatic, 100, 150],
    [InlineCompletionTriggerKind.Invoke, 100, 50],
    [InlineCompletionTriggerKind.Automatic, 1_500, 50],
  ] as const) {
    told = [];
    editor.type("f");
    now += laterMs;
    const item = editor.ask(kind);
    now += 50;
    latest().grow("oo");
    await item;
    assert.deepEqual(answered(), [], "it has not ended");
    const ended = { outcome: { kind: "shown" } };
    latest().end(ended);
    await turn();
    assert.deepEqual(answered(), [[ended, expectedMs]]);
    await editor.ask();
    assert.equal(answered().length, 1, "once");
  }
});

test("a request without text is reported without a time", async () => {
  const item = editor.ask();
  const ended = { outcome: { kind: "empty" } };
  latest().end(ended);
  assert.equal(await item, undefined);
  assert.deepEqual(told, [["answered", ended, undefined]]);
});

test("during a snooze nothing is suggested automatically, and what the user asks for is", async () => {
  snooze.isOn = true;
  assert.equal(await editor.ask(), undefined);
  assert.equal(asked.length, 0);
  const item = editor.ask(InlineCompletionTriggerKind.Invoke);
  latest().grow("oo");
  assert.equal((await item)?.insertText, "oo");
  editor.type("o");
  assert.equal((await editor.ask())?.insertText, "oo", "which stays on the screen while it is typed");
});

test("a second explicit request joins the first", async () => {
  void editor.ask(InlineCompletionTriggerKind.Invoke);
  const item = editor.ask(InlineCompletionTriggerKind.Invoke);
  assert.equal(asked.length, 1);
  latest().grow("oo");
  assert.equal((await item)?.insertText, "oo");
});

test("what is typed in another document leaves the text, and a second cursor ends it", async () => {
  await shown("oo(a)");
  editor.typeElsewhere("x");
  assert.equal(latest().token.isCancellationRequested, false);
  editor.addCursor(0);
  assert.equal(latest().token.isCancellationRequested, true);
});

test("typing along keeps the text also where the cursor is reported before it", async () => {
  await shown("oo(a)");
  editor.replace(5, 0, "o", 5);
  editor.replace(6, 0, "o", 6);
  assert.equal(latest().token.isCancellationRequested, false);
});

test("a request from elsewhere in the document, as of a second editor, joins no completion that has no text yet", () => {
  void editor.ask();
  editor.cursor = 8;
  void editor.ask();
  assert.deepEqual(
    asked.map(({ token }) => token.isCancellationRequested),
    [true, false],
  );
});

test("the time of a request counts from the last key in its own document", async t => {
  let now = 1_000;
  t.mock.method(performance, "now", () => now);
  editor.type("a");
  now += 10;
  editor.typeElsewhere("x");
  now += 10;
  const item = shown("oo");
  now += 10;
  latest().end({});
  await item;
  await turn();
  assert.deepEqual(told.at(-1)?.slice(0, 1), ["answered"]);
  assert.equal(told.at(-1)?.[2], 30);
});
