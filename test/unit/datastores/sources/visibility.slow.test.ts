import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, test } from "node:test";
import { IgnoreRules } from "../../../../datastores/sources/gitignore.ts";
import { Visibility } from "../../../../datastores/sources/visibility.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-visibility-"));
after(() => rmSync(base, { recursive: true, force: true }));
const hasGit = spawnSync("git", ["--version"]).status === 0;
const isPosix = process.platform !== "win32";
// The user's own ignore file must not affect the tests.
process.env.XDG_CONFIG_HOME = join(base, "configuration");
process.env.GIT_CONFIG_GLOBAL = join(base, "gitconfig");
process.env.HOME = base;
let roots = 0;

function tree(files: Record<string, string>): string {
  const root = join(base, String(++roots));
  for (const [path, content] of Object.entries(files)) put(join(root, path), content);
  return root;
}

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const git = (root: string, ...args: string[]) =>
  execFileSync("git", ["-C", root, ...args], { stdio: "pipe" });

async function visible(root: string, warnings: string[] = []): Promise<string[]> {
  const visibility = new Visibility(root, message => warnings.push(message));
  await visibility.refresh();
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(".py"))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split("\\").join("/"))
    .filter(path => visibility.file(path))
    .sort();
}

const REPOSITORY = {
  ".gitignore": "*.local.py\nbuild/\n!kept.local.py\nsub/hidden.py\n",
  "a.py": "",
  "x.local.py": "",
  "kept.local.py": "",
  "build/b.py": "",
  "build.py": "",
  "sub/c.py": "",
  "sub/hidden.py": "",
  "sub/excluded.py": "",
  "sub/mine.py": "",
};

test("the enclosing repository's ignore file, its exclude file and the user's also apply", {
  skip: !hasGit,
}, async () => {
  const root = tree(REPOSITORY);
  git(root, "init", "-q");
  put(join(root, ".git/info/exclude"), "excluded.py\n");
  put(join(base, "configuration/git/ignore"), "mine.py\n");
  try {
    assert.deepEqual(await visible(root), ["a.py", "build.py", "kept.local.py", "sub/c.py"]);
    assert.deepEqual(await visible(join(root, "sub")), ["c.py"]);
    const path = process.env.PATH;
    process.env.PATH = "";
    try {
      assert.deepEqual(await visible(root), ["a.py", "build.py", "kept.local.py", "sub/c.py"], "without git");
      assert.deepEqual(await visible(join(root, "sub")), ["c.py"], "without git");
    } finally {
      process.env.PATH = path;
    }
  } finally {
    rmSync(join(base, "configuration/git/ignore"));
  }
});

test("a folder that the enclosing repository ignores has its own rules, unless files in it are tracked", {
  skip: !hasGit,
}, async () => {
  const root = tree({
    ".gitignore": "*\n",
    "project/a.py": "",
    "project/build/b.py": "",
    "project/.gitignore": "build/\n",
    "other/tracked.py": "",
    "other/o.py": "",
  });
  git(root, "init", "-q");
  git(root, "add", "-f", "other/tracked.py");
  for (const path of [process.env.PATH, ""]) {
    const known = process.env.PATH;
    process.env.PATH = path;
    try {
      assert.deepEqual(await visible(join(root, "project")), ["a.py"]);
    } finally {
      process.env.PATH = known;
    }
  }
  assert.deepEqual(await visible(join(root, "other")), ["tracked.py"]);
  assert.deepEqual(await visible(root), ["other/tracked.py"]);
});

test("a tracked file is visible even if it is ignored, and nested repositories have their own rules", {
  skip: !hasGit,
}, async () => {
  const root = tree({
    ".gitignore": "*.py\n",
    "tracked.py": "",
    "other.py": "",
    "inner/i.py": "",
    "inner/no.py": "",
    "inner/.gitignore": "no.py\n",
  });
  git(root, "init", "-q");
  git(root, "add", "-f", "tracked.py");
  git(join(root, "inner"), "init", "-q");
  assert.deepEqual(await visible(root), ["inner/i.py", "tracked.py"]);
});

test("a file whose name differs from git's only in case or composed accents is the file that git lists", {
  skip: !hasGit || !isPosix,
}, async () => {
  const [decomposed, composed] = ["e\u0301.py", "\u00e9.py"];
  const root = tree({
    ".gitignore": "ignored.py\n",
    "Foo.py": "",
    "Lib/a.py": "",
    "ignored.py": "",
    [decomposed]: "",
  });
  git(root, "init", "-q");
  git(root, "config", "core.ignorecase", "true");
  git(root, "config", "core.precomposeunicode", "true");
  git(root, "add", "Foo.py", "Lib/a.py", decomposed);
  const visibility = new Visibility(root, () => {});
  await visibility.refresh();
  const files = ["Foo.py", "foo.py", "lib/A.py", decomposed, composed, "ignored.py", "bar.py"];
  assert.deepEqual(
    files.filter(path => visibility.file(path)),
    files.slice(0, 5),
  );
  assert.ok(visibility.folder("lib"));
  put(join(root, "Inner/Sub.py"), "");
  git(join(root, "Inner"), "init", "-q");
  git(join(root, "Inner"), "config", "core.ignorecase", "false");
  await visibility.refresh();
  assert.deepEqual(
    ["Inner/Sub.py", "inner/Sub.py", "Inner/sub.py"].map(path => visibility.file(path)),
    [true, true, false],
    "each repository compares names in its own way",
  );
  git(root, "config", "core.ignorecase", "false");
  await visibility.refresh();
  assert.equal(visibility.file("foo.py"), false, "where cases are told apart");
});

test("a repository's configuration runs no program, and GIT_DIR does not redirect git", {
  skip: !hasGit || !isPosix,
}, async () => {
  const root = tree({ "a.py": "", "hook.sh": `#!/bin/sh\ntouch ${join(base, "ran")}\n` });
  git(root, "init", "-q");
  git(root, "config", "core.fsmonitor", `sh ${join(root, "hook.sh")}`);
  process.env.GIT_DIR = base;
  try {
    assert.deepEqual(await visible(root), ["a.py"]);
  } finally {
    delete process.env.GIT_DIR;
  }
  assert.ok(!readdirSync(base).includes("ran"));
});

test("nothing is fetched into a partial clone, and no program of its remote is run", {
  skip: !hasGit || !isPosix,
}, async () => {
  const origin = tree({ "a/m.py": "", "b/.gitignore": "z.py\n", "b/n.py": "" });
  git(origin, "init", "-q");
  git(origin, "add", "-A");
  git(origin, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a");
  git(origin, "config", "uploadpack.allowFilter", "true");
  const clone = join(base, "clone");
  git(base, "clone", "-q", "--filter=blob:none", "--sparse", `file://${origin}`, clone);
  git(clone, "sparse-checkout", "set", "a");
  put(join(clone, "b/mine.py"), "");
  const program = join(base, "upload.sh");
  put(program, `#!/bin/sh\ntouch ${join(base, "uploaded")}\nexec git-upload-pack "$@"\n`);
  git(clone, "config", "remote.origin.uploadpack", `sh ${program}`);
  assert.deepEqual(await visible(clone), ["a/m.py", "b/mine.py"]);
  assert.ok(!readdirSync(base).includes("uploaded"));
});

test("files that a clone excludes privately are also hidden where its parent folder is opened", async () => {
  const parent = tree({ "a.py": "", "clone/b.py": "", "clone/private.py": "", "clone/shown.py": "" });
  put(join(parent, "clone/.git/HEAD"), "");
  put(join(parent, "clone/.git/info/exclude"), "private.py\nshown.py\n");
  put(join(parent, "clone/.gitignore"), "!shown.py\n");
  assert.deepEqual(await visible(parent), ["a.py", "clone/b.py", "clone/shown.py"]);
});

test("an ignore file in another encoding hides what it names, and not its whole folder", async () => {
  const root = tree({ "a.py": "", "mine.py": "" });
  writeFileSync(join(root, ".gitignore"), Buffer.from("# caf\u00e9\nmine.py\n", "latin1"));
  assert.deepEqual(await visible(root), ["a.py"]);
});

test("the exclude file in a configuration applies without git, and a hostile configuration costs no time", async () => {
  const root = tree({ "a.py": "", "mine.py": "", ".git/HEAD": "" });
  put(join(base, "dotfiles/ignores"), "mine.py\n");
  if (isPosix) symlinkSync(join(base, "dotfiles/ignores"), join(base, "my ignores"));
  else put(join(base, "my ignores"), "mine.py\n");
  const path = process.env.PATH;
  process.env.PATH = "";
  try {
    put(join(root, ".git/config"), `[core]\n\texcludesFile = "~/my ignores"\n`);
    assert.deepEqual(await visible(root), ["a.py"]);
    const start = performance.now();
    put(join(root, ".git/config"), `${"\n".repeat(200_000)}excludesfile =${" ".repeat(200_000)}"x\n`);
    assert.deepEqual(await visible(root), ["a.py", "mine.py"]);
    assert.ok(performance.now() - start < 1000);
  } finally {
    process.env.PATH = path;
  }
});

test("nothing is visible in a folder whose ignore file cannot be used, and each such file is reported once", {
  skip: !isPosix,
}, async () => {
  const makers: Record<string, (file: string) => void> = {
    endless: file => symlinkSync("/dev/zero", file),
    pipe: file => execFileSync("mkfifo", [file]),
    large: file => writeFileSync(file, Buffer.alloc(40 << 20, "x")),
    many: file => writeFileSync(file, "x\n".repeat(60_000)),
    folder: file => mkdirSync(file),
    process: file => symlinkSync("/proc/self/environ", file),
  };
  for (const withGit of hasGit ? [false, true] : [false])
    for (const [name, make] of Object.entries(makers)) {
      const root = tree({ "a.py": "", "hostile/b.py": "", "hostile/deep/c.py": "" });
      if (withGit) git(root, "init", "-q");
      make(join(root, "hostile/.gitignore"));
      // The rules decide instead of git where git would wait for the file for ever.
      const warnings: string[] = [];
      const start = performance.now();
      assert.deepEqual(await visible(root, warnings), ["a.py"], name);
      assert.equal(warnings.length, 1, name);
      assert.ok(performance.now() - start < 5000, name);
    }
});

test("a folder that may not be searched is named itself, not its ignore file", { skip: !isPosix }, () => {
  const root = tree({ "locked/a.py": "", "open/.gitignore/b.py": "", "c.py": "" });
  const [locked, open] = [join(root, "locked"), join(root, "open")];
  const warnings: string[] = [];
  const rules = new IgnoreRules(root, message => warnings.push(message), root);
  assert.equal(rules.isIgnored("c.py"), false);
  // The superuser may search any folder.
  const isRoot = process.geteuid?.() === 0;
  for (const folder of [base, root]) chmodSync(folder, 0o755);
  chmodSync(locked, 0o644);
  if (isRoot) process.seteuid?.(65534);
  try {
    for (const path of ["locked/a.py", "locked/", "open/b.py"])
      assert.equal(rules.isIgnored(path), true, path);
    assert.equal(rules.isIgnored("c.py"), false);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(locked, 0o755);
  }
  assert.deepEqual(warnings, [
    `${locked} cannot be searched (EACCES): nothing in it is read. Check the folder's permissions.`,
    `${join(open, ".gitignore")} cannot be used (notRegular): nothing in its folder is read.`,
  ]);
});

test("git is not run where it would wait for a pipe in its own files or the user's", {
  skip: !hasGit || !isPosix,
}, async () => {
  for (const path of [".git/info/exclude", ".git/index", ".git/config", ".git/HEAD", ".gitignore", "user"]) {
    const root = tree({ "sub/a.py": "" });
    git(root, "init", "-q");
    const file = path === "user" ? join(base, "configuration/git/ignore") : join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    execFileSync("mkfifo", [file]);
    try {
      const start = performance.now();
      const found = await visible(join(root, "sub"));
      // Unreadable rules hide everything; other unreadable files leave the rules in force.
      const isRule = /exclude|ignore|user/.test(path);
      assert.deepEqual(found, isRule ? [] : ["a.py"], path);
      assert.ok(performance.now() - start < 3000, `${path}: ${performance.now() - start} ms`);
    } finally {
      rmSync(file);
    }
  }
});

test("the git folder of a worktree is examined at its actual place", {
  skip: !hasGit || !isPosix,
}, async () => {
  const main = tree({ "m.py": "" });
  git(main, "init", "-q");
  git(main, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first");
  const root = join(base, String(++roots));
  git(main, "worktree", "add", "-q", root);
  put(join(root, "a.py"), "");
  put(join(root, "no.py"), "");
  put(join(main, ".git/info/exclude"), "no.py\n");
  assert.deepEqual(await visible(root), ["a.py"]);
  const index = readdirSync(join(main, ".git/worktrees")).map(name =>
    join(main, ".git/worktrees", name, "index"),
  );
  for (const file of index) {
    rmSync(file, { force: true });
    execFileSync("mkfifo", [file]);
  }
  const start = performance.now();
  assert.deepEqual(await visible(root), ["a.py"], "by the rules");
  assert.ok(performance.now() - start < 3000);
});

test("in a repository nothing is visible before git has been asked, and elsewhere the rules apply at once", {
  skip: !hasGit,
}, async () => {
  const root = tree({ "a.py": "", "sub/b.py": "" });
  assert.ok(new Visibility(root, () => {}).file("a.py"));
  git(root, "init", "-q");
  const visibility = new Visibility(root, () => {});
  const seen = () => [visibility.file("a.py"), visibility.folder("sub")];
  assert.deepEqual(seen(), [false, false]);
  await visibility.refresh();
  assert.deepEqual(seen(), [true, true]);
});

test("a listing that is aborted leaves the former one in use", { skip: !hasGit }, async () => {
  const root = tree({ ".gitignore": "a.py\n", "a.py": "", "b.py": "" });
  git(root, "init", "-q");
  git(root, "add", "-f", "a.py");
  const visibility = new Visibility(root, () => {});
  await visibility.refresh();
  assert.ok(visibility.file("a.py"), "since it is tracked");
  await visibility.refresh(AbortSignal.abort());
  assert.ok(visibility.file("a.py"));
});
