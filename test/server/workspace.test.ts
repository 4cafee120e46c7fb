import assert from "node:assert/strict";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { PYTHON_EXTENSIONS } from "../../datastores/sources/index.ts";
import type { Tokenizer } from "../../server/corpus/tokenizedFiles.ts";
import { Workspace } from "../../server/corpus/workspace.ts";
import { until } from "../fakes/until.ts";
import { codes, folder, following, letters, noting, root, uriOf, write } from "../fakes/workspaces.ts";

test("files are indexed unless git ignores them or they are not Python", async () => {
  const path = folder({
    "a.py": "say hello",
    "deep/b.py": "say there",
    "secret.py": "say nothing",
    "notes.txt": "say never",
    ".gitignore": "secret.py\n",
  });
  const workspace = new Workspace([path, join(path, "no-such-folder")], letters, () => {});
  await workspace.scan();
  assert.deepEqual(following(workspace, "say ").sort(), ["hello", "there"]);
  assert.equal(workspace.files, 2);
  workspace.dispose();
});

test("files of another kind are indexed once it is asked for, beside the others", async () => {
  const path = folder({
    "a.py": "say hello",
    "b.ts": "say there",
    "c.js": "say again",
    "lib.min.js": "say minified",
    "node_modules/d.js": "say never",
    ".gitignore": "node_modules\n",
  });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  assert.deepEqual(following(workspace, "say "), ["hello"]);
  const scanned = workspace.scan([".js", ".ts"]);
  workspace.changed(uriOf(path, "c.js"), "say more");
  await scanned;
  await until("the index", () => following(workspace, "say ").length === 3);
  assert.deepEqual(following(workspace, "say ").sort(), ["hello", "more", "there"]);
  write(join(path, "e.ts"), "say new");
  await workspace.fileChanged(uriOf(path, "e.ts"));
  write(join(path, "f.go"), "say other");
  await workspace.fileChanged(uriOf(path, "f.go"));
  assert.deepEqual(following(workspace, "say ").sort(), ["hello", "more", "new", "there"]);
  workspace.dispose();
});

test("an edit is found without being saved, and a closed document counts as it is on disk", async () => {
  const path = folder({ "a.py": "say hello" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  const uri = uriOf(path, "a.py");
  workspace.changed(uri, "say goodbye");
  await until("the index", () => following(workspace, "say ")[0] === "goodbye");
  assert.deepEqual(following(workspace, "say ", uri), [], "a document does not draft from its own copy");
  workspace.closed(uri);
  await until("the index", () => following(workspace, "say ")[0] === "hello");
  workspace.dispose();
});

test("an edited document is tokenized once another document is edited, with its text at that time", async () => {
  const path = folder({ "a.py": "say hello", "b.py": "say there" });
  const calls: string[] = [];
  const workspace = new Workspace([path], noting(calls), () => {});
  await workspace.scan();
  calls.length = 0;
  const [a, b] = [uriOf(path, "a.py"), uriOf(path, "b.py")];
  for (const text of ["say a", "say ab", "say abc"]) {
    workspace.changed(a, text);
    workspace.source(a);
  }
  await pause(50);
  assert.deepEqual(calls, []);
  workspace.changed(b, "say there!");
  await until("the index", () => following(workspace, "say ", b)[0] === "abc");
  assert.deepEqual(calls, ["say abc"]);
  workspace.source(a);
  await until("the index", () => following(workspace, "say ", a)[0] === "there!");
  workspace.dispose();
});

test("files that other programs create, rename and remove are followed", async () => {
  const path = folder({ "a.py": "say one" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  write(join(path, "b.py"), "say two");
  await workspace.fileChanged(uriOf(path, "b.py"));
  assert.deepEqual(following(workspace, "say "), ["two", "one"]);
  renameSync(join(path, "a.py"), join(path, "c.py"));
  await workspace.fileChanged(uriOf(path, "a.py"));
  await workspace.fileChanged(uriOf(path, "c.py"));
  assert.deepEqual(following(workspace, "say "), ["one", "two"]);
  rmSync(join(path, "c.py"));
  await workspace.fileChanged(uriOf(path, "c.py"));
  await workspace.fileChanged(uriOf(root, "outside.py"));
  await workspace.fileChanged("untitled:Untitled-1.py");
  assert.deepEqual(following(workspace, "say "), ["two"]);
  assert.equal(workspace.files, 1);
  workspace.dispose();
});

test("a document that grows too large leaves the index, and returns once it is small again", async () => {
  const path = folder({ "a.py": "say hello" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  const uri = uriOf(path, "a.py");
  workspace.changed(uri, `say ${"x".repeat(2 << 20)}`);
  assert.equal(workspace.files, 0);
  workspace.changed(uri, "say bye");
  await until("the index", () => following(workspace, "say ")[0] === "bye");
  workspace.dispose();
});

test("an older result of the tokenizer does not replace a newer one", async () => {
  const path = folder({ "a.py": "say one" });
  const answers: (() => void)[] = [];
  const slow: Tokenizer = {
    tokenize: texts => new Promise(resolve => answers.push(() => resolve(texts.map(codes)))),
  };
  const workspace = new Workspace([path], slow, () => {});
  workspace.follow(PYTHON_EXTENSIONS);
  const first = workspace.fileChanged(uriOf(path, "a.py"));
  await until("the index", () => answers.length === 1);
  workspace.changed(uriOf(path, "a.py"), "say two");
  workspace.source("file:///elsewhere.py");
  await until("the index", () => answers.length === 2);
  answers[1]?.();
  answers[0]?.();
  await first;
  assert.deepEqual(following(workspace, "say "), ["two"]);
  workspace.dispose();
});

test("a file that is removed while it is tokenized does not return", async () => {
  const path = folder({ "a.py": "say one" });
  const answers: (() => void)[] = [];
  const slow: Tokenizer = {
    tokenize: texts => new Promise(resolve => answers.push(() => resolve(texts.map(codes)))),
  };
  const workspace = new Workspace([path], slow, () => {});
  const scanned = workspace.scan();
  await until("the index", () => answers.length === 1);
  workspace.changed(uriOf(path, "a.py"), `say ${"x".repeat(2 << 20)}`);
  answers[0]?.();
  await scanned;
  assert.equal(workspace.files, 0);
  workspace.dispose();
});

test("a document leaves the index while it holds a secret", async () => {
  const path = folder({ "a.py": "say hello", "b.py": "" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  workspace.changed(uriOf(path, "a.py"), `say key ghp_${"a1".repeat(18)}`);
  assert.deepEqual(following(workspace, "say "), []);
  await pause(20);
  assert.deepEqual(following(workspace, "say "), []);
  workspace.changed(uriOf(path, "a.py"), "say bye");
  await until("the index", () => following(workspace, "say ")[0] === "bye");
  workspace.dispose();
});

test("an edit does not wait for all the files of a branch switch, and is not undone by them", async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}.py`, `say file${i}`]));
  const path = folder(files);
  const calls: string[] = [];
  const slow: Tokenizer = {
    tokenize: async texts => {
      calls.push(texts.join());
      await pause(10);
      return texts.map(codes);
    },
  };
  const workspace = new Workspace([path], slow, () => {});
  workspace.follow(PYTHON_EXTENSIONS);
  const switched = Promise.all(Object.keys(files).map(name => workspace.fileChanged(uriOf(path, name))));
  workspace.changed(uriOf(path, "f3.py"), "say edited");
  workspace.source("file:///elsewhere.py");
  await switched;
  const edit = calls.indexOf("say edited");
  assert.ok(edit >= 0 && edit < calls.length - 5, `call ${edit} of ${calls.length}`);
  assert.deepEqual(following(workspace, "say e"), ["dited"]);
  assert.ok(
    !calls.some(call => call.split(",").includes("say file3")),
    "the file of an open document is not read",
  );
  workspace.dispose();
});

test("a failure of the tokenizer is reported, and the scan still completes", async () => {
  const path = folder({ "a.py": "say one" });
  const said: string[] = [];
  const broken: Tokenizer = { tokenize: () => Promise.reject(new Error("no tokens today")) };
  const workspace = new Workspace([path], broken, message => void said.push(message));
  await workspace.scan();
  assert.match(said.join(), /no tokens today/);
  assert.equal(workspace.files, 0);
  workspace.dispose();
});
