/** The index of the workspace and its files on disk: events, ignore files and repositories. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { PYTHON_EXTENSIONS } from "../../datastores/sources/index.ts";
import { ShownFiles } from "../../server/context/shownFiles.ts";
import { Workspace } from "../../server/corpus/workspace.ts";
import { until } from "../fakes/until.ts";
import { folder, following, letters, noting, uriOf, write } from "../fakes/workspaces.ts";

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
