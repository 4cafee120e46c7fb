/**
 * `npm start`: from a bare checkout to ghost text on the screen.
 *
 *     node test/editor/start.mjs [--no-open | --print]
 *
 * Installs and builds what is not there, shows a completion streaming in the terminal, then opens the
 * extension in an editor on a copy of the sample workspace: in a desktop VS Code if there is one, else in
 * VS Code in the browser. `--no-open` ends after the completion; `--print` takes the browser in any case.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launchVSCode } from "./codeServer.mjs";
import { installVSCode } from "./install.mjs";
import { findOnPath, packagesAreInstalled, root } from "./paths.mjs";

const WORKSPACE = join(root, "test", "fixtures", "workspace");
const SAMPLE = "sample.py";
/** Lines of the sample shown above its completion. */
const CONTEXT_LINES = 6;
/** A port that stays the same makes an address that can be kept; if it is taken, any other will do. */
const PORT = 8719;

/** Runs a command in the repository with this terminal; rejects unless it ends well. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    // npm and code are scripts on Windows, which only a shell starts.
    const shell = process.platform === "win32" && command !== process.execPath;
    const child = spawn(command, args, { cwd: root, stdio: "inherit", shell });
    child.once("error", reject);
    child.once("exit", code => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}`));
    });
  });
}

/** Completes the end of the sample in the terminal; the text appears as the model gives it. */
async function showCompletion() {
  const file = join(WORKSPACE, SAMPLE);
  const lines = readFileSync(file, "utf8").split("\n");
  const place = `${relative(root, file)}:${lines.length}:${lines.at(-1).length + 1}`;
  console.log(`\n$ foretoken complete ${place}\n`);
  console.log(
    lines
      .slice(-CONTEXT_LINES - 1, -1)
      .map(line => `  | ${line}`.trimEnd())
      .join("\n"),
  );
  console.log("  | and from here on the model:\n");
  await run(process.execPath, [join("dist", "cli.js"), "complete", place]);
  console.log();
}

/**
 * Opens the built extension in an editor; resolves when the editor is closed, or on Ctrl+C.
 * @param options.browser take VS Code in the browser even if there is a desktop one
 */
export async function openEditor({ browser = false } = {}) {
  const hasDisplay =
    process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  const desktop =
    hasDisplay && !browser ? findOnPath(process.platform === "win32" ? ["code.cmd"] : ["code"]) : undefined;
  if (desktop) await openDesktop(desktop);
  else await openInBrowser();
}

async function openDesktop(code) {
  const scratch = mkdtempSync(join(tmpdir(), "foretoken-sample-"));
  const workspace = join(scratch, "workspace");
  cpSync(WORKSPACE, workspace, { recursive: true });
  console.log("Opening VS Code. Go to the end of sample.py and type: def save_");
  try {
    const place = `${join(workspace, SAMPLE)}:${readFileSync(join(workspace, SAMPLE), "utf8").split("\n").length}`;
    await run(code, [
      "--new-window",
      "--wait",
      `--extensionDevelopmentPath=${root}`,
      workspace,
      "--goto",
      place,
    ]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function openInBrowser() {
  console.log("Getting VS Code for the browser ready (the first time it is installed, 800 MB on disk) ...");
  await installVSCode();
  const options = {
    workspace: WORKSPACE,
    linkExtension: true,
    settings: { "foretoken.firstDatastore": true },
    // Without it every user of this machine could read files and run programs as the one who started it.
    connectionToken: randomUUID(),
  };
  const server = await launchVSCode({ ...options, port: PORT }).catch(() => launchVSCode(options));
  const stopped = new Promise(resolve => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, resolve);
  });
  console.log(`\nOpen this address in a browser on this machine:\n\n    ${server.address}\n`);
  console.log("Open sample.py there, go to its end and type: def save_");
  console.log("Ctrl+C stops it. The files are a copy; nothing is kept.");
  await Promise.race([stopped, server.exited]);
  await server.dispose();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { "no-open": { type: "boolean" }, print: { type: "boolean" } } });
  try {
    if (!packagesAreInstalled()) await run("npm", ["ci", "--no-audit", "--no-fund"]);
    await run(process.execPath, ["esbuild.mjs"]);
    await showCompletion();
    if (!values["no-open"]) await openEditor({ browser: values.print === true });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
