import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { type SourceDocument, StoreError } from "../../../../datastores/document.ts";
import {
  type FolderOptions,
  fingerprint,
  isProjectSource,
  readFolder,
} from "../../../../datastores/sources/folder.ts";
import { listInputs, readInput } from "../../../../datastores/sources/inputs.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-folder-"));
after(() => rmSync(base, { recursive: true, force: true }));
let roots = 0;

/** A fresh folder with these files; a path that ends in a slash is an empty folder. */
function tree(files: Record<string, string | Uint8Array>): string {
  const root = join(base, String(++roots));
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path.endsWith("/") ? path : dirname(path)), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(join(root, path), content);
  }
  return root;
}

async function read(root: string, options: FolderOptions = {}): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of readFolder(root, options)) documents.push(document);
  return documents;
}

const paths = async (root: string, options: FolderOptions = {}) =>
  (await read(root, options)).map(({ path }) => path);

const code = (wanted: string) => (error: unknown) =>
  error instanceof StoreError && error.problem.code === wanted && error.problem.remedy !== "";

test("Python files are found in a fixed order, files before folders, and nothing else", async () => {
  const root = tree({
    "b.py": "b",
    "a.pyi": "a",
    "README.md": "",
    "data.pyc": "",
    "z/inner.py": "z",
    "a/deep/er.py": "d",
    "B.py": "B",
  });
  assert.deepEqual(await paths(root), ["B.py", "a.pyi", "b.py", "a/deep/er.py", "z/inner.py"]);
  assert.deepEqual(await paths(root, { extensions: [".md"] }), ["README.md"]);
  const [first] = await read(root);
  assert.deepEqual(first, {
    text: "B",
    origin: join(root, "B.py"),
    path: "B.py",
    repositories: [],
    licences: [],
    contentId: "",
  });
});

test("folders without hand-written code are left out, including virtual environments", async () => {
  const files = {
    "kept.py": "",
    "kept.min.js": "",
    ".git/hook.py": "",
    ".venv/lib/x.py": "",
    "node_modules/gyp/y.py": "",
    "__pycache__/z.py": "",
    "some-1.0.dist-info/record.py": "",
    "environment/pyvenv.cfg": "",
    "environment/lib/site.py": "",
    "distribution/info.py": "",
    "distribution/info.rb": "",
  };
  const root = tree(files);
  assert.deepEqual(await paths(root), ["kept.py", "distribution/info.py"]);
  const extensions = [".py", ".js"];
  assert.deepEqual(
    Object.keys(files).filter(path => isProjectSource(root, path, extensions)),
    await paths(root, { extensions }),
    "each file by itself counts as it does in the walk",
  );
});

test("progress counts the bytes of the files that are found", async () => {
  const root = tree({ "a.py": "12345", "b.py": "123", "c/d.py": "1", "e.txt": "12" });
  const reported: [number, number][] = [];
  await read(root, { onProgress: (done, total) => reported.push([done, total]) });
  assert.deepEqual(reported, [
    [5, 9],
    [8, 9],
    [9, 9],
  ]);
});

test("a folder that is itself a virtual environment is read", async () => {
  const root = tree({ "pyvenv.cfg": "", "a.py": "", "inner/pyvenv.cfg": "", "inner/b.py": "" });
  assert.deepEqual(await paths(root), ["a.py"]);
});

test("gitignore files apply in their own folder, and an inner one can override an outer one", async () => {
  const files = {
    ".gitignore": "build/\n*.local.py\n/top.py\n# *.py\n",
    "top.py": "",
    "a.py": "",
    "settings.local.py": "",
    "build/out.py": "",
    "sub/top.py": "",
    "sub/.gitignore": "!keep.local.py\ngenerated_*.py\n",
    "sub/keep.local.py": "",
    "sub/drop.local.py": "",
    "sub/generated_x.py": "",
    "sub/build/out.py": "",
    "other/generated_x.py": "",
  };
  const root = tree(files);
  assert.deepEqual(await paths(root), ["a.py", "other/generated_x.py", "sub/keep.local.py", "sub/top.py"]);
  const all = Object.keys(files).filter(path => path.endsWith(".py"));
  assert.deepEqual((await paths(root, { gitignore: false })).sort(), all.sort());
});

test("files with secrets are left out of a project, by name and content, and not out of packages", async () => {
  const root = tree({
    "a.py": "x = 1",
    "config/secrets.py": "x = 1",
    ".env.py": "x = 1",
    "key.py": "-----BEGIN RSA PRIVATE KEY-----",
  });
  const skipped: string[] = [];
  const onSkipped = (reason: string, path: string) => skipped.push(`${reason} ${path}`);
  assert.deepEqual(await paths(root, { onSkipped }), ["a.py"]);
  assert.deepEqual(skipped.sort(), ["secret .env.py", "secret config/secrets.py", "secret key.py"]);
  assert.equal((await paths(root, { gitignore: false })).length, 4);
});

test("links to folders make no cycles, a link to a file is read, and a broken link is counted", async t => {
  const root = tree({ "a/b/c.py": "c", "a/file.py": "f" });
  try {
    symlinkSync(root, join(root, "a/b/up"), "dir");
    symlinkSync(join(root, "a"), join(root, "again"), "dir");
    symlinkSync(join(root, "a/file.py"), join(root, "linked.py"));
    symlinkSync(join(root, "nowhere.py"), join(root, "broken.py"));
  } catch {
    t.skip("links cannot be made here");
    return;
  }
  const skipped: string[] = [];
  const found = await paths(root, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.deepEqual(found, ["linked.py", "a/file.py", "a/b/c.py"]);
  assert.deepEqual(skipped, ["unreadable broken.py"]);
});

test("files that are not UTF-8 or exceed a megabyte are counted, and a byte order mark is dropped", async () => {
  const root = tree({
    "latin.py": Buffer.from("# caf\xe9\n", "latin1"),
    "marked.py": Buffer.from("\ufeffx = 1\n", "utf8"),
    "large.py": "x".repeat(1024 * 1024 + 1),
    "largest.py": "x".repeat(1024 * 1024),
  });
  const skipped: string[] = [];
  const documents = await read(root, { onSkipped: (reason, name) => skipped.push(`${reason} ${name}`) });
  assert.deepEqual(
    documents.map(({ path }) => path),
    ["largest.py", "marked.py"],
  );
  assert.equal(documents[1]!.text, "x = 1\n");
  assert.deepEqual(skipped.sort(), ["notUtf8 latin.py", "tooLarge large.py"]);
});

test("a folder too deep to be listed is counted, and the rest is read", async t => {
  if (process.platform !== "linux") {
    t.skip("made with a path longer than Linux takes");
    return;
  }
  const root = tree({ "kept.py": "k" });
  const name = "d".repeat(200);
  const start = process.cwd();
  try {
    process.chdir(root);
    for (let depth = 0; depth < 21; depth++) {
      mkdirSync(name);
      process.chdir(name);
    }
  } finally {
    process.chdir(start);
  }
  const skipped: string[] = [];
  assert.deepEqual(await paths(root, { onSkipped: reason => skipped.push(reason) }), ["kept.py"]);
  assert.deepEqual(skipped, ["unreadable"]);
  // The path is too long for `rmSync` as well; `rm` can remove it.
  const { spawnSync } = await import("node:child_process");
  spawnSync("rm", ["-rf", root]);
});

test("a root that is missing or a file is refused, and an abort ends the walk", async () => {
  await assert.rejects(paths(join(base, "nowhere")), code("missing"));
  const root = tree({ "a.py": "" });
  await assert.rejects(paths(join(root, "a.py")), code("unreadable"));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const endless = async () => {
    for (;;) await paths(root, { signal: controller.signal });
  };
  await assert.rejects(endless(), code("cancelled"));
});

test("the fingerprint changes with a file's time and the ignore rules, and not with other files", async () => {
  const root = tree({ "a.py": "1", "notes.txt": "1" });
  const first = await fingerprint(root);
  assert.deepEqual({ files: first.files, bytes: first.bytes }, { files: 1, bytes: 1 });
  writeFileSync(join(root, "notes.txt"), "22");
  assert.deepEqual(await fingerprint(root), first);
  utimesSync(join(root, "a.py"), 1, 1);
  const touched = await fingerprint(root);
  assert.notEqual(touched.digest, first.digest);
  writeFileSync(join(root, ".gitignore"), "a.py\n");
  assert.equal((await fingerprint(root)).files, 0);
});

test("a folder is an input with its code in all languages, without minified files", async () => {
  const root = tree({ "a.py": "a", "b.ts": "b", "c.go": "c", "lib.min.js": "m", "notes.md": "n" });
  const [input] = await listInputs({ kind: "folder", path: root });
  assert.ok(input?.kind === "folder");
  const found: string[] = [];
  for await (const { path } of readInput(input)) found.push(path);
  assert.deepEqual(found, ["a.py", "b.ts", "c.go"]);
  assert.equal(input.bytes, 3);
  const before = input.identity;
  writeFileSync(join(root, "c.go"), "changed");
  assert.notEqual((await listInputs({ kind: "folder", path: root }))[0]?.identity, before);
});
