import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { PYTHON_EXTENSIONS } from "../../datastores/sources/index.ts";
import { ShownFiles } from "../../server/context/shownFiles.ts";
import type { Tokenizer } from "../../server/corpus/tokenizedFiles.ts";
import { Workspace } from "../../server/corpus/workspace.ts";
import { until } from "../fakes/until.ts";

const root = mkdtempSync(join(tmpdir(), "foretoken-workspace-"));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function folder(files: Record<string, string>): string {
  const path = join(root, `workspace${folders++}`);
  for (const [name, text] of Object.entries(files)) write(join(path, name), text);
  return path;
}

function write(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}

const codes = (text: string) => Int32Array.from(text, letter => letter.charCodeAt(0));
const letters: Tokenizer = { tokenize: async texts => texts.map(codes) };
/** Records the texts that it is given. */
const noting = (texts: string[]): Tokenizer => ({
  tokenize: async given => {
    texts.push(...given);
    return given.map(codes);
  },
});
const uriOf = (...parts: string[]) => pathToFileURL(join(...parts)).href;

/** What follows a context in the workspace, as the document `uri` sees it. */
function following(workspace: Workspace, context: string, uri = "file:///elsewhere.py"): string[] {
  const { corpus } = workspace.source(uri);
  corpus.find(codes(context), context.length);
  return Array.from({ length: corpus.count }, (_, row) => {
    const start = row * corpus.continuation;
    const tokens = corpus.continuations.subarray(start, start + corpus.continuation);
    const end = tokens.findIndex(token => token < 0);
    return String.fromCharCode(...(end < 0 ? tokens : tokens.subarray(0, end)));
  });
}

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

test("a file event adds nothing to the index that a scan leaves out", async () => {
  const path = folder({
    "a.py": "say hello",
    "huge.py": "say huge",
    ".gitignore": "ignored.py\n",
    "ignored.py": "say ignored",
    ".venv/lib.py": "say library",
    "my_secrets.py": "say secret",
    "key.py": `say key ghp_${"a1".repeat(18)}`,
  });
  truncateSync(join(path, "huge.py"), 400 << 20);
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  assert.deepEqual(following(workspace, "say "), ["hello"]);
  for (const name of ["huge.py", "ignored.py", ".venv/lib.py", "my_secrets.py", "key.py"]) {
    await workspace.fileChanged(uriOf(path, name));
    workspace.changed(
      uriOf(path, name),
      name === "huge.py" ? "x".repeat(2 << 20) : `say key ghp_${"a1".repeat(18)}`,
    );
  }
  await pause(100);
  assert.deepEqual(following(workspace, "say "), ["hello"]);
  workspace.dispose();
});

test("a changed ignore file removes files from the index and adds others", async () => {
  const path = folder({ "a.py": "say hello", "b.py": "say there", ".gitignore": "b.py\n" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  write(join(path, ".gitignore"), "# now the other\na.py\n");
  await workspace.fileChanged(uriOf(path, ".gitignore"));
  assert.deepEqual(following(workspace, "say "), ["there"]);
  rmSync(join(path, "b.py"));
  await workspace.fileChanged(uriOf(path, ".gitignore"));
  assert.equal(workspace.files, 0, "of a file that is gone too");
  workspace.dispose();
});

test("a new file in a repository is indexed if git would track it", async t => {
  const path = folder({ "a.py": "say hello", ".gitignore": "out/\n" });
  if (spawnSync("git", ["-C", path, "init", "-q"]).status !== 0) return t.skip("there is no git");
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  write(join(path, "new.py"), "say new");
  write(join(path, "out/made.py"), "say made");
  await workspace.fileChanged(uriOf(path, "new.py"));
  await workspace.fileChanged(uriOf(path, "out/made.py"));
  assert.deepEqual(following(workspace, "say ").sort(), ["hello", "new"]);
  workspace.dispose();
});

test("files created in a repository in quick succession are all indexed", async t => {
  const path = folder({ "a.py": "say hello" });
  if (spawnSync("git", ["init", "-q"], { cwd: path }).status !== 0) return t.skip("git is not here");
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  const changes: Promise<void>[] = [];
  for (let i = 0; i < 40; i++) {
    write(join(path, `new${i}.py`), `say number ${i}`);
    changes.push(workspace.fileChanged(uriOf(path, `new${i}.py`)));
    if (i % 4 === 0) await pause(0);
  }
  await Promise.all(changes);
  assert.equal(workspace.files, 41);
  workspace.dispose();
});

test("removing or renaming a folder removes its files from the index", async t => {
  const path = folder({
    "a.py": "say one",
    "pkg/b.py": "say two",
    "pkg/deep/c.py": "say three",
    "pkgs.py": "say four",
  });
  if (spawnSync("git", ["init", "-q"], { cwd: path }).status !== 0) return t.skip("git is not here");
  spawnSync("git", ["add", "."], { cwd: path });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  assert.equal(workspace.files, 4);
  renameSync(join(path, "pkg"), join(path, "other"));
  await workspace.fileChanged(uriOf(path, "pkg"));
  await workspace.fileChanged(uriOf(path, "other/b.py"));
  assert.deepEqual(following(workspace, "say ").sort(), ["four", "one", "two"]);
  rmSync(join(path, "other"), { recursive: true });
  write(join(path, ".gitignore"), "# changed\n");
  await workspace.fileChanged(uriOf(path, ".gitignore"));
  assert.deepEqual(following(workspace, "say ").sort(), ["four", "one"], "git still tracks what is gone");
  workspace.dispose();
});

test("other work goes on while thousands of files that are gone leave the index", async () => {
  const path = folder({ "a.py": "say hello" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  const removed = Array.from({ length: 5_000 }, (_, i) => workspace.fileChanged(uriOf(path, `gone${i}.py`)));
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await Promise.all(removed);
  clearInterval(counting);
  assert.ok(turns > 3, `${turns} turns`);
  workspace.dispose();
});

test("files that change together are each checked at most three times and tokenized once", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `file${i}.py`);
  const path = folder(Object.fromEntries(names.map(name => [name, `say ${name}`])));
  const shown = new ShownFiles(() => {}, [path]);
  let looks = 0;
  const texts: string[] = [];
  const isIndexed = shown.isIndexed.bind(shown);
  shown.isIndexed = (file, extensions) => {
    looks++;
    return isIndexed(file, extensions);
  };
  const workspace = new Workspace([path], noting(texts), () => {}, shown);
  await workspace.scan();
  looks = texts.length = 0;
  await Promise.all(names.map(name => workspace.fileChanged(uriOf(path, name))));
  assert.equal(texts.length, names.length);
  assert.ok(looks <= 3 * names.length, `${looks} looks`);
  workspace.dispose();
});

test("ignore files that change together update the index without tokenizing unchanged files again", async () => {
  const folders = Array.from({ length: 10 }, (_, i) => `folder${i}`);
  const path = folder(
    Object.fromEntries(
      folders.flatMap(each => [
        [`${each}/a.py`, "say hello"],
        [`${each}/b.py`, "say there"],
      ]),
    ),
  );
  const texts: string[] = [];
  const workspace = new Workspace([path], noting(texts), () => {});
  await workspace.scan();
  for (const each of folders) write(join(path, each, ".gitignore"), "b.py\n");
  write(join(path, "folder3", "a.py"), "say changed");
  texts.length = 0;
  await Promise.all(folders.map(each => workspace.fileChanged(uriOf(path, each, ".gitignore"))));
  assert.equal(workspace.files, folders.length);
  assert.deepEqual(texts, ["say changed"]);
  workspace.dispose();
});

test("a document that becomes ignored leaves the index, and returns once it is no longer ignored", async () => {
  const path = folder({ "a.py": "say hello", "b.py": "say there" });
  const workspace = new Workspace([path], letters, () => {});
  await workspace.scan();
  workspace.changed(uriOf(path, "a.py"), "say edited");
  write(join(path, ".gitignore"), "a.py\n");
  await workspace.fileChanged(uriOf(path, ".gitignore"));
  assert.deepEqual(following(workspace, "say "), ["there"]);
  await pause(20);
  assert.deepEqual(following(workspace, "say "), ["there"]);
  rmSync(join(path, ".gitignore"));
  await workspace.fileChanged(uriOf(path, ".gitignore"));
  await until("the index", () => following(workspace, "say ").length === 2);
  assert.deepEqual(following(workspace, "say ").sort(), ["edited", "there"]);
  workspace.dispose();
});

test("an edit counts even if it comes before git has listed the file or anything has been read", async t => {
  const path = folder({ "a.py": "say hello" });
  if (spawnSync("git", ["init", "-q"], { cwd: path }).status !== 0) return t.skip("git is not here");
  const workspace = new Workspace([path], letters, () => {});
  workspace.follow(PYTHON_EXTENSIONS);
  workspace.changed(uriOf(path, "a.py"), "say before");
  await workspace.scan();
  await until("the index", () => following(workspace, "say ")[0] === "before");
  write(join(path, "new.py"), "say disk");
  workspace.changed(uriOf(path, "new.py"), "say editor");
  await workspace.fileChanged(uriOf(path, "new.py"));
  await until("the index", () => following(workspace, "say ").length === 2);
  assert.deepEqual(following(workspace, "say ").sort(), ["before", "editor"]);
  workspace.dispose();
});

test("the inner of two nested workspace folders decides which files are indexed, in either order", async () => {
  const outer = folder({ ".gitignore": "/inner\n", "a.py": "say outer", "inner/b.py": "say inner" });
  const inner = join(outer, "inner");
  for (const roots of [
    [outer, inner],
    [inner, outer],
  ]) {
    const workspace = new Workspace(roots, letters, () => {});
    await workspace.scan();
    assert.deepEqual(following(workspace, "say ").sort(), ["inner", "outer"]);
    workspace.dispose();
  }
});

test("a document whose URI spells its folder differently from the workspace is matched to the file on disk", async () => {
  const path = folder({ "a.py": "say hello" });
  const other = path.replace("workspace", "WORKSPACE");
  /** As on Windows, where names that differ only in case are the same. */
  class Folding extends ShownFiles {
    override fileAt(whole: string) {
      return super.fileAt(whole.replace(other, path));
    }
  }
  const workspace = new Workspace([path], letters, () => {}, new Folding(() => {}, [path]));
  await workspace.scan();
  const uri = uriOf(other, "a.py");
  workspace.changed(uri, "say goodbye");
  following(workspace, "say ");
  await until("the index", () => following(workspace, "say ").includes("goodbye"));
  assert.equal(workspace.files, 1);
  assert.deepEqual(following(workspace, "say ", uri), [], "none of its own copy");
  workspace.closed(uri);
  await until("the index", () => following(workspace, "say ").includes("hello"));
  workspace.dispose();
});
