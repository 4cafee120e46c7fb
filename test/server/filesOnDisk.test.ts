import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { ShownFiles } from "../../server/context/shownFiles.ts";
import { FilesOnDisk } from "../../server/corpus/filesOnDisk.ts";
import { RecentFolders } from "../../server/corpus/nearness.ts";
import { TokenizedFiles, type Tokenizer } from "../../server/corpus/tokenizedFiles.ts";
import { Workspace } from "../../server/corpus/workspace.ts";
import { until } from "../fakes/until.ts";

const root = mkdtempSync(join(tmpdir(), "foretoken-files-"));
after(() => rmSync(root, { recursive: true, force: true }));
const warn = (message: string) => assert.fail(message);
let folders = 0;

/** A folder of files that each contain their own path. */
function folder(names: readonly string[]): string {
  const path = join(root, `${folders++}`);
  for (const name of names) write(path, name);
  return path;
}

function write(path: string, name: string, more = ""): void {
  const file = join(path, ...name.split("/"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `say ${name}${more}`);
}

/** The same with a million bytes in each file: 28 are as many bytes as are read. */
function largeFiles(names: readonly string[]): string {
  const path = folder([]);
  for (const name of names) write(path, name, "\nx = 1".repeat(1_000_000 / 6));
  return path;
}

/** Makes a million tokens of each text: eight files fill the index, but for a few tokens. */
const long: Tokenizer = {
  tokenize: async texts =>
    texts.map(text => {
      const tokens = new Int32Array(999_999).fill(7);
      tokens.set(Array.from(text, letter => letter.charCodeAt(0)));
      return tokens;
    }),
};

/** Makes a few tokens of each text, and keeps the texts. */
function noting(texts: string[], tokens = 3): Tokenizer {
  return {
    tokenize: async given => {
      texts.push(...given);
      return given.map(() => new Int32Array(tokens).fill(7));
    },
  };
}

/** The files of a folder, and the documents that are worked in. */
function reading(path: string, tokenizer = long, roots = [path]) {
  const closing = new AbortController().signal;
  const recent = new RecentFolders();
  const nearness = (file: string) => recent.nearness(file);
  const files = new TokenizedFiles({ tokenizer, warn, nearness, closing });
  const shown = new ShownFiles(warn, roots);
  const disk = new FilesOnDisk({
    shown,
    files,
    nearness,
    warn,
    extensions: () => [".py", ".ts"],
    open: new Set(),
    closing,
  });
  const names = () => files.index.names.map(name => name.slice(path.length + 1).replaceAll("\\", "/"));
  const visit = (name: string) => recent.visit(join(path, ...name.split("/")));
  return { disk, shown, names, visit };
}

const times = (count: number, name: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => name(i));

test("the files nearest to the document that is worked in are indexed last, since a search begins there", async () => {
  const path = folder(["a/far.py", "b/c/near.py", "b/c/d/below.py", "b/above.py", "z/far.ts"]);
  const { disk, names, visit } = reading(path);
  visit("b/c/new.py");
  await disk.scan([path]);
  assert.deepEqual(names().slice(-1), ["b/c/near.py"]);
  assert.deepEqual(names().slice(0, 2).sort(), ["a/far.py", "z/far.ts"]);
});

test("where there is no room for all files, those are indexed that are nearest to recent documents", async () => {
  const near = times(6, i => `near/${i}.py`);
  const far = times(6, i => `far/${i}.ts`);
  const { disk, names, visit } = reading(folder([...near, ...far]));
  const path = join(root, `${folders - 1}`);
  visit("near/new.py");
  await disk.scan([path]);
  assert.equal(names().length, 8);
  assert.deepEqual(
    near.filter(name => !names().includes(name)),
    [],
  );
});

test("where files have fewer tokens than expected, further ones fill the room", async () => {
  const names = times(40, i => `${i}.py`);
  const path = folder(names);
  // A megabyte has a hundred thousand tokens, where code would have three times as many: eighty files have room.
  for (const name of names) writeFileSync(join(path, name), "x".repeat(1_000_000));
  const sparse: Tokenizer = { tokenize: async texts => texts.map(() => new Int32Array(100_000).fill(7)) };
  const { disk, names: indexed } = reading(path, sparse);
  await disk.scan([path]);
  assert.equal(indexed().length, 40);
});

test("a new file takes the place of one that is farther, and finds none if all are as near", async () => {
  const path = folder([...times(3, i => `near/${i}.py`), ...times(5, i => `far/${i}.py`)]);
  const { disk, shown, names, visit } = reading(path);
  visit("near/new.py");
  await disk.scan([path]);
  const changed = async (name: string) => {
    write(path, name);
    const file = shown.fileAt(join(path, ...name.split("/")));
    assert.ok(file);
    await disk.changed(file);
  };
  await changed("near/new.py");
  assert.equal(names().filter(name => name.startsWith("near/")).length, 4);
  assert.equal(names().length, 8);
  await changed("far/new.py");
  assert.ok(!names().includes("far/new.py"));
  assert.equal(names().length, 8);
});

test("once a document elsewhere is worked in, the files near it take the place of the farthest", async () => {
  const path = folder([...times(8, i => `a/b/${i}.py`), ...times(8, i => `c/d/${i}.py`)]);
  const workspace = new Workspace([path], long, warn);
  const uriOf = (name: string) => pathToFileURL(join(path, ...name.split("/"))).href;
  await workspace.scan([".py"], uriOf("a/b/new.py"));
  const inFolder = (name: string) => {
    const { corpus } = workspace.source("file:///elsewhere.py");
    corpus.find(
      Int32Array.from("say ", letter => letter.charCodeAt(0)),
      4,
    );
    return times(corpus.count, row =>
      String.fromCharCode(...corpus.continuations.subarray(row * corpus.continuation).subarray(0, 3)),
    ).filter(start => start === name).length;
  };
  assert.deepEqual([inFolder("a/b"), inFolder("c/d")], [8, 0]);
  for (const each of ["c/d/new.py", "x/1.py", "y/2.py", "z/3.py"]) workspace.source(uriOf(each));
  await until("the index", () => inFolder("c/d") === 8);
  assert.equal(inFolder("a/b"), 0);
  workspace.dispose();
});

test("a move while the first files are listed is not forgotten: what is near is read once the index is full", async () => {
  const path = largeFiles([...times(28, i => `a/${i}.py`), "c/say.py"]);
  const uriOf = (name: string) => pathToFileURL(join(path, ...name.split("/"))).href;
  const texts: string[] = [];
  /** The user moves on while the folders are listed. */
  class Listed extends ShownFiles {
    override async *sources(...asked: Parameters<ShownFiles["sources"]>): ReturnType<ShownFiles["sources"]> {
      yield* super.sources(...asked);
      for (const each of ["x/1.py", "y/2.py", "z/3.py", "c/new.py"]) workspace.source(uriOf(each));
    }
  }
  const workspace: Workspace = new Workspace([path], noting(texts, 307_000), warn, new Listed(warn, [path]));
  const wasRead = () => texts.some(text => text.startsWith("say c/say.py"));
  await workspace.scan([".py"], uriOf("a/new.py"));
  assert.deepEqual([workspace.files, wasRead()], [26, false]);
  await until("the file near the document", () => {
    workspace.source(uriOf("c/new.py"));
    return wasRead();
  });
  workspace.dispose();
});

test("files in a folder of the workspace within another take the room of one file each", async () => {
  const names = [...times(15, i => `in/a/${i}.py`), ...times(10, i => `other/${i}.py`)];
  const path = largeFiles(names);
  const { disk, names: indexed, visit } = reading(path, noting([]), [path, join(path, "in")]);
  visit("in/a/new.py");
  await disk.scan([path, join(path, "in")]);
  assert.deepEqual(indexed().sort(), names.sort());
});

test("a file for which there is no room is not tokenized, at no scan and at no change", async () => {
  const path = folder([...times(8, i => `near/${i}.py`), ...times(12, i => `far/${i}.py`)]);
  const texts: string[] = [];
  const { disk, shown, visit } = reading(path, noting(texts, 999_999));
  visit("near/new.py");
  await disk.scan([path]);
  assert.equal(texts.length, 16);
  await disk.scan([path]);
  write(path, "far/0.py", " again");
  const file = shown.fileAt(join(path, "far", "0.py"));
  assert.ok(file);
  await disk.changed(file);
  assert.equal(texts.length, 16);
  write(path, "near/0.py", " again");
  await disk.changed({ ...file, path: "near/0.py" });
  assert.deepEqual(texts.slice(16), ["say near/0.py again"]);
});

test("an ignore file that changes while the files are read lets none be tokenized twice", async () => {
  const path = folder([".gitignore", ...times(40, i => `${i}.py`)]);
  const texts: string[] = [];
  const { tokenize } = noting(texts);
  let changed: Promise<void> | undefined;
  const { disk, names } = reading(path, {
    async tokenize(given) {
      changed ??= disk.ignoreFileChanged(path);
      await pause(50);
      return tokenize(given);
    },
  });
  await disk.scan([path]);
  await changed;
  assert.deepEqual([names().length, texts.length], [40, 40]);
});

test("an open document that had to leave the index is indexed again once one works near it", async () => {
  const path = folder([...times(4, i => `a/${i}.py`), ...times(8, i => `c/${i}.py`)]);
  const texts: string[] = [];
  const workspace = new Workspace([path], noting(texts, 999_999), warn);
  const uriOf = (name: string) => pathToFileURL(join(path, ...name.split("/"))).href;
  const workIn = async (name: string) => {
    for (const each of [name, "x/1.py", "y/2.py", "z/3.py"]) workspace.source(uriOf(each));
    await workspace.scan();
    workspace.source(uriOf(name));
  };
  workspace.follow([".py"]);
  await workIn("a/new.py");
  workspace.changed(uriOf("a/0.py"), "say edited");
  workspace.source(uriOf("a/new.py"));
  const timesIndexed = () => texts.filter(text => text === "say edited").length;
  assert.equal(timesIndexed(), 1);
  await workIn("c/new.py");
  await workIn("a/new.py");
  await until("the open document", () => timesIndexed() === 2);
  workspace.dispose();
});
