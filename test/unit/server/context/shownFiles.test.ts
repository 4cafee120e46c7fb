import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs, {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PYTHON_EXTENSIONS } from "../../../../datastores/sources/index.ts";
import { Visibility } from "../../../../datastores/sources/visibility.ts";
import { ShownFiles } from "../../../../server/context/shownFiles.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-shown-"));
after(() => rmSync(base, { recursive: true, force: true }));
let roots = 0;

function tree(files: Record<string, string>): string {
  const root = join(base, String(++roots));
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const guard = (root: string) => new ShownFiles(() => {}, [root]);

test("a file is read only if it is regular, small, inside the workspace and not a link to a hidden file", {
  skip: process.platform === "win32",
}, () => {
  const outside = tree({ "outside.py": "o" });
  const root = tree({ "a.py": "a", ".env": "e", ".gitignore": "no.py\n", "no.py": "n", "d/x.py": "x" });
  const links: Record<string, string> = {
    "inside.py": join(root, "a.py"),
    "outside.py": join(outside, "outside.py"),
    "secret.link.py": join(root, ".env"),
    "hidden.py": join(root, "no.py"),
    "endless.py": "/dev/zero",
    "process.py": "/proc/self/maps",
    away: outside,
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
  execFileSync("mkfifo", [join(root, "pipe.py")]);
  writeFileSync(join(root, "large.py"), "");
  truncateSync(join(root, "large.py"), 400 << 20);
  linkSync(join(root, "a.py"), join(root, "hard.py"));
  const files = guard(root);
  const read = (path: string) => files.readSource({ root, path }, PYTHON_EXTENSIONS);
  for (const path of ["a.py", "inside.py", "hard.py"]) assert.equal(read(path), "a", path);
  assert.equal(read("d/x.py"), "x");
  for (const path of [
    "outside.py",
    "secret.link.py",
    "hidden.py",
    "endless.py",
    "process.py",
    "away/outside.py",
  ])
    assert.equal(read(path), undefined, path);
  for (const path of ["pipe.py", "large.py", "no.py", ".env", "../1/outside.py", "d", "gone.py"])
    assert.equal(read(path), undefined, path);
});

test("the index takes the same files that a scan finds, wherever a path comes from", async () => {
  const root = tree({
    "a.py": "",
    "notes.txt": "",
    ".venv/lib/b.py": "",
    "env/pyvenv.cfg": "",
    "env/lib/c.py": "",
    "node_modules/d/e.py": "",
    "my_secrets.py": "",
    "deep/f.pyi": "",
  });
  const files = guard(root);
  const scanned: string[] = [];
  for await (const { path } of files.sources(root, PYTHON_EXTENSIONS, new AbortController().signal))
    scanned.push(path);
  assert.deepEqual(scanned.sort(), ["a.py", "deep/f.pyi"]);
  const all = ["a.py", "notes.txt", ".venv/lib/b.py", "env/lib/c.py", "node_modules/d/e.py", "my_secrets.py"];
  const given = [...all, "deep/f.pyi"].filter(path => files.isIndexed({ root, path }, PYTHON_EXTENSIONS));
  assert.deepEqual(given, ["a.py", "deep/f.pyi"]);
});

test("no datastore is built from the files of a workspace that is not trusted", () => {
  const root = tree({});
  const files = guard(root);
  files.trusted = false;
  for (const [source, may] of [
    [root, false],
    [`${root}/`, false],
    [join(root, "data.jsonl"), false],
    [tmpdir(), true],
    ["python", true],
  ] as const)
    assert.equal(files.mayBuildFrom(source), may, source);
  files.trusted = true;
  assert.ok(files.mayBuildFrom(root));
});

test("nothing is shown from an untrusted workspace or from a removed folder", async () => {
  const root = tree({ "a.py": "a" });
  const files = guard(root);
  files.trusted = false;
  assert.equal(files.readSource({ root, path: "a.py" }, PYTHON_EXTENSIONS), undefined);
  for await (const file of files.sources(root, PYTHON_EXTENSIONS, new AbortController().signal))
    assert.fail(file.path);
  files.trusted = true;
  assert.equal(files.readSource({ root, path: "a.py" }, PYTHON_EXTENSIONS), "a");
  files.roots = [];
  assert.equal(files.readSource({ root, path: "a.py" }, PYTHON_EXTENSIONS), undefined);
});

test("a file belongs to the workspace if it is in the folder, not if its path only begins alike", () => {
  const root = tree({});
  const files = guard(`${root}/`);
  const of = (path: string) => files.fileOf(pathToFileURL(path).href)?.path;
  assert.equal(of(join(root, "a b.py")), "a b.py");
  assert.equal(of(join(root, "..x.py")), "..x.py");
  assert.equal(of(`${root}0/a.py`), undefined);
  assert.equal(of(root), undefined);
  assert.equal(files.fileOf("untitled:a.py"), undefined);
});

test("a change during a listing is listed by the next one, which several changes share", async t => {
  const answers: (() => void)[] = [];
  t.mock.method(Visibility.prototype, "refresh", () => new Promise<void>(resolve => answers.push(resolve)));
  const root = tree({});
  const files = guard(root);
  const first = files.refresh(root);
  const changes = [files.refresh(root), files.refresh(root)];
  answers[0]?.();
  await first;
  let isListed = false;
  const listed = Promise.all(changes).then(() => {
    isListed = true;
  });
  await new Promise(setImmediate);
  assert.deepEqual([answers.length, isListed], [2, false]);
  answers[1]?.();
  await listed;
  assert.equal(answers.length, 2);
});

test("of nested folders the inner one counts, whatever their order", () => {
  const root = tree({});
  const inner = join(root, "a", "b");
  for (const roots of [
    [root, inner],
    [inner, root],
  ]) {
    const files = new ShownFiles(() => {}, roots);
    assert.deepEqual(files.fileAt(join(inner, "c", "d.py")), { root: inner, path: "c/d.py" });
    assert.deepEqual(files.fileAt(inner), { root, path: "a/b" });
  }
});

test("git lists nothing in a workspace that is not trusted", async t => {
  const refresh = t.mock.method(Visibility.prototype, "refresh", async () => {});
  const root = tree({ "a.py": "a" });
  const files = guard(root);
  files.trusted = false;
  for await (const file of files.sources(root, PYTHON_EXTENSIONS, new AbortController().signal))
    assert.fail(file.path);
  files.readSource({ root, path: "a.py" }, PYTHON_EXTENSIONS);
  assert.equal(refresh.mock.callCount(), 0);
});

test("in a series of questions each ignore file counts as it is at the first one, and afterwards as it is then", () => {
  const root = tree({ "d/a.py": "a", "d/b.py": "b" });
  const files = guard(root);
  const isShown = (path: string) => files.mayBeShown({ root, path });
  const [first, second] = files.inSeries([root], () => {
    const before = isShown("d/a.py");
    writeFileSync(join(root, "d", ".gitignore"), "*.py\n");
    return [before, isShown("d/b.py")];
  });
  assert.deepEqual([first, second], [true, true]);
  assert.equal(isShown("d/b.py"), false);
  assert.throws(() =>
    files.inSeries([root], () => {
      throw new Error("ended");
    }),
  );
  rmSync(join(root, "d", ".gitignore"));
  assert.equal(isShown("d/a.py"), true);
});

test("a walk looks at each ignore file once for many files of a folder", async t => {
  const root = tree(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d/f${i}.py`, "x"])));
  const files = guard(root);
  const looks = t.mock.method(fs, "lstatSync");
  syncBuiltinESMExports();
  const found: string[] = [];
  for await (const { path } of files.sources(root, PYTHON_EXTENSIONS, new AbortController().signal))
    found.push(path);
  const ofFolder = looks.mock.calls.filter(({ arguments: [path] }) => path === join(root, "d", ".gitignore"));
  looks.mock.restore();
  syncBuiltinESMExports();
  assert.equal(found.length, 30);
  assert.ok(ofFolder.length <= 2, `${ofFolder.length} looks`);
});

test("a file that holds a key is not read until the key is removed", () => {
  const root = tree({ "a.py": `token = "ghp_${"abcdefghijkl".repeat(3)}"` });
  const files = guard(root);
  assert.equal(files.read({ root, path: "a.py" }), undefined);
  writeFileSync(join(root, "a.py"), "token = None");
  assert.equal(files.read({ root, path: "a.py" }), "token = None");
});

test("a walk ends where the workspace is no longer trusted or its folder is removed meanwhile", async () => {
  const root = tree({ "a.py": "", "b.py": "", "c.py": "" });
  const ends: ((files: ShownFiles) => void)[] = [
    files => {
      files.trusted = false;
    },
    files => {
      files.roots = [];
    },
  ];
  for (const end of ends) {
    const files = guard(root);
    let count = 0;
    for await (const _ of files.sources(root, PYTHON_EXTENSIONS, new AbortController().signal)) {
      count++;
      end(files);
    }
    assert.equal(count, 1);
  }
});

test("a folder is listed at the first question, not at each, and again once it was removed and added", async t => {
  const refresh = t.mock.method(Visibility.prototype, "refresh", async () => {});
  const root = tree({ "a.py": "" });
  const files = guard(root);
  const ask = async () => {
    files.mayBeShown({ root, path: "a.py" });
    await new Promise(setImmediate);
    return refresh.mock.callCount();
  };
  assert.deepEqual([await ask(), await ask()], [1, 1]);
  files.roots = [];
  files.roots = [root];
  assert.deepEqual([await ask(), await ask()], [2, 2]);
});
