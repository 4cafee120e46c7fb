/** Folders with odd names, links, pipes and ignore files: nothing is read that lies outside or is ignored. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ShownFiles } from "../../../server/context/shownFiles.ts";
import { Workspace } from "../../../server/corpus/workspace.ts";
import { below } from "../../fakes/random.ts";
import { oddText, pick } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const CANARY = "outside_or_ignored";
const NAMES = [
  "a.py",
  "b.py",
  "a b.py",
  "-n.py",
  "é.py",
  "e\u0301.py",
  "CON.py",
  "con",
  "a\\b.py",
  "a\nb.py",
  "%2e%2e.py",
  "#.py",
  "?.py",
  "..py",
  "...",
  "$HOME.py",
  "'.py",
  '".py',
  "\u202e.py",
  "a.py.",
  ".hidden.py",
  "node_modules",
  "sub",
  "deep",
  "\ud83d\ude42.py",
];
const IGNORED = "ignored.py";

function fill(random: Random, folder: string, outside: string, depth: number, links: string[]): void {
  for (let i = below(random, 6); i >= 0; i--) {
    const path = join(folder, pick(random, NAMES));
    try {
      switch (below(random, 8)) {
        case 0:
          symlinkSync(
            pick(random, [
              outside,
              join(outside, "secret.py"),
              "/dev/zero",
              "/proc/self/environ",
              ".",
              "..",
              path,
              join(folder, IGNORED),
            ]),
            path,
          );
          links.push(path);
          break;
        case 1:
          execFileSync("mkfifo", ["--", path], { stdio: "ignore" });
          break;
        case 2:
          linkSync(join(folder, "a.py"), path);
          break;
        case 3:
        case 4:
          mkdirSync(path);
          if (depth > 0) fill(random, path, outside, depth - 1, links);
          break;
        default:
          // Never into a pipe or through a link that is there.
          writeFileSync(path, random() < 0.8 ? `x = ${i}\n` : oddText(random), { flag: "wx" });
      }
    } catch {
      // There is something of that name, or the system does not have such names.
    }
  }
  writeFileSync(join(folder, IGNORED), CANARY);
}

async function attempt(random: Random, folder: string): Promise<void> {
  const [root, outside] = [join(folder, "root"), join(folder, "outside")];
  for (const each of [root, outside]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
  }
  writeFileSync(join(outside, "secret.py"), CANARY);
  const links: string[] = [];
  fill(random, root, outside, 2, links);
  rmSync(join(root, ".gitignore"), { force: true });
  writeFileSync(join(root, ".gitignore"), `${IGNORED}\n`);
  const withGit = random() < 0.5;
  if (withGit) spawnSync("git", ["-C", root, "init", "-q"]);
  const read: string[] = [];
  const tokenizer = {
    tokenize: async (texts: readonly string[]) => {
      read.push(...texts);
      return texts.map(text => Int32Array.from(text, letter => letter.charCodeAt(0)));
    },
  };
  const shown = new ShownFiles(() => {}, [root]);
  const workspace = new Workspace([root], tokenizer, () => {}, shown);
  try {
    await within(10_000, "scanning", workspace.scan());
    const told = [...links, join(root, "..", "outside", "secret.py"), join(root, IGNORED), root, `${root}/`];
    const uris = [
      ...told.map(path => pathToFileURL(path).href),
      `${pathToFileURL(root).href}/%2e%2e/outside/secret.py`,
      "file:///%00",
      "file://host/a.py",
    ];
    for (const uri of uris) await within(5_000, `telling of ${uri}`, workspace.fileChanged(uri));
    // A folder that goes while it is read.
    const again = workspace.scan();
    if (random() < 0.3) rmSync(root, { recursive: true, force: true });
    await within(10_000, "scanning once more", again);
  } finally {
    workspace.dispose();
  }
  assert.ok(!read.some(text => text.includes(CANARY)), "something outside or ignored was read");
}

export const files: FuzzTarget = {
  name: "files",
  open: async folder => ({ attempt: random => attempt(random, folder), close: async () => {} }),
};
