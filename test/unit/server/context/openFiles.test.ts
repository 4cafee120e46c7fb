import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { OpenFiles } from "../../../../server/context/openFiles.ts";
import { ShownFiles } from "../../../../server/context/shownFiles.ts";
import type { Documents } from "../../../../server/lsp/documents.ts";
import { grammars } from "../../../fakes/places.ts";

await grammars.load("python");

const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);

const root = mkdtempSync(join(tmpdir(), "foretoken-open-"));

after(() => rmSync(root, { recursive: true, force: true }));

/** Open documents without a client. */
function opened(shown = new ShownFiles(() => {}), parser = (_id: string) => grammars.parser("none")) {
  let changed: (uri: string, text: string) => void = () => {};
  let closed: (uri: string) => void = () => {};
  const documents: Pick<Documents, "watch"> = {
    watch(onChanged, onClosed = () => {}) {
      changed = (uri, text) => onChanged({ uri, text, languageId: "python", version: 1, edit: undefined });
      closed = onClosed;
    },
  };
  const files = new OpenFiles(documents, parser, shown, Number.POSITIVE_INFINITY);
  files.roots = [root];
  const uri = (path: string) => pathToFileURL(join(root, path)).href;
  return {
    files,
    open: (path: string, text: string) => changed(uri(path), text),
    close: (path: string) => closed(uri(path)),
    around: (path: string, text: string) =>
      files.around({ uri: uri(path), languageId: "python", version: 1, text, offset: text.length }),
    changed: (...args: [string, string]) => changed(...args),
  };
}

const HERE = "from basket import total\nprice = total(item, quantity)\nprint(price, discount, ";

const LIKE = "def total(item, quantity):\n    return item.price * quantity * rate\n";

test("secret, ignored and foreign documents and the document itself are never shown to a model", () => {
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(join(root, ".gitignore"), "build/\n*.local.py\n");
  const { files, open, around, changed } = opened();
  for (const path of ["main.py", "basket.py", ".env", "secrets.py", "build/made.py", "my.local.py"])
    open(path, LIKE);
  changed(pathToFileURL(join(tmpdir(), "elsewhere.py")).href, LIKE);
  changed("untitled:Untitled-1", LIKE);
  changed("git:/project/basket.py", LIKE);
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
  assert.ok(root.endsWith(files.repository ?? "nothing"));
});

test("a workspace that is not trusted shows neither its documents nor its name to a model", () => {
  const shown = new ShownFiles(() => {});
  const { files, open, around } = opened(shown);
  for (const path of ["main.py", "basket.py"]) open(path, LIKE);
  shown.trusted = false;
  assert.deepEqual([around("main.py", HERE), files.repository], [[], undefined]);
  shown.trusted = true;
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
  files.roots = [];
  assert.equal(files.repository, undefined, "without a folder there is no name");
});

test("documents opened before their folder was added to the workspace are shown from then on", () => {
  const { files, open, around } = opened();
  files.roots = [];
  for (const path of ["main.py", "basket.py"]) open(path, LIKE);
  assert.deepEqual(around("main.py", HERE), []);
  files.roots = [root];
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
});

test("documents are named by the workspace folder that contains them now", () => {
  const { files, open, around } = opened();
  for (const path of ["deep/main.py", "deep/basket.py"]) open(path, LIKE);
  assert.deepEqual(paths(around("deep/main.py", HERE)), ["deep/basket.py"]);
  files.roots = [join(root, "deep")];
  assert.deepEqual(paths(around("deep/main.py", HERE)), ["basket.py"]);
  files.roots = [root];
  assert.deepEqual(paths(around("deep/main.py", HERE)), ["deep/basket.py"]);
  files.roots = [root, join(root, "deep")];
  assert.deepEqual(paths(around("deep/main.py", HERE)), ["basket.py"]);
  files.roots = [];
  assert.deepEqual(around("deep/main.py", HERE), []);
});

test("the choice stays the same during typing, and changes with the other documents", () => {
  const { open, close, around } = opened();
  open("main.py", HERE);
  open("basket.py", LIKE);
  open("weather.py", "storm = wind + rain\n");
  const first = around("main.py", HERE);
  assert.equal(around("main.py", `${HERE}x`), first);
  close("basket.py");
  assert.deepEqual(around("main.py", HERE), [], "although the last change is the same");
  open("basket.py", `${LIKE}\nlimit = 1\n`);
  assert.match(around("main.py", HERE)[0]?.text ?? "", /limit = 1/);
  close("basket.py");
  assert.deepEqual(around("main.py", HERE), []);
});

test("a document that holds a key is not shown to a model until the key is removed", () => {
  const { open, around } = opened();
  const key = `ghp_${"abcdefghijkl".repeat(3)}`;
  open("main.py", HERE);
  open("basket.py", `${LIKE}token = "${key}"\n`);
  assert.deepEqual(around("main.py", HERE), []);
  open("basket.py", LIKE);
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
});

test("the choice of a closed document is forgotten", () => {
  const { open, close, around } = opened();
  open("main.py", HERE);
  open("basket.py", LIKE);
  const first = around("main.py", HERE);
  close("main.py");
  open("main.py", HERE);
  const again = around("main.py", HERE);
  assert.deepEqual(again, first);
  assert.notEqual(again, first);
});

test("a text as large as data is ignored", () => {
  const { open, around } = opened();
  open("data.py", LIKE.repeat(10_000));
  assert.deepEqual(around("main.py", HERE), []);
});

test("what a document imports is outlined as it is in the editor, and from the disk only if it is not open", () => {
  writeFileSync(join(root, "basket.py"), "def total(saved):\n    return 1\n");
  const { open, close, around } = opened(undefined, id => grammars.parser(id));
  const key = `ghp_${"abcdefghijkl".repeat(3)}`;
  const texts = () => around("main.py", HERE).map(({ text }) => text.trim());
  assert.deepEqual(texts(), ["def total(saved): ..."]);
  open("other/basket.py", "");
  // The part that is most like what is around the cursor does not contain the definition.
  const most = "print(price, discount, item, quantity)\n".repeat(40);
  open("basket.py", `def total(edited):\n    return 1\n${"\n# other\n".repeat(200)}${most}`);
  assert.deepEqual(texts()[0], "def total(edited): ...");
  open("basket.py", `key = "${key}"\ndef total(edited):\n    return 1\n`);
  assert.deepEqual(texts(), []);
  close("basket.py");
  assert.deepEqual(texts(), ["def total(saved): ..."]);
});

test("a definition that a part of an open file shows is not outlined as well", () => {
  writeFileSync(join(root, "basket.py"), LIKE);
  const { open, around } = opened(undefined, id => grammars.parser(id));
  open("basket.py", LIKE);
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
});
