/**
 * Starts the installed VS Code as a server on loopback, with a home, a temporary folder, settings,
 * extensions and a copy of a workspace that are its own and go when it goes.
 *
 * VS Code's server is started directly; code-server's own wrapper would add a login, a proxy and a
 * second process. Plain JavaScript, as `start.mjs` uses it on a bare checkout; `codeServer.d.mts` has
 * the types.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { nodeBinary, root, stampFile, vscodeFolder } from "./paths.mjs";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;
const EXTENSION_ID = "foretoken.foretoken";

/** Nothing that asks, advertises, updates or calls home; each of them would cover or delay what is tested. */
const QUIET_SETTINGS = {
  "chat.disableAIFeatures": true,
  "editor.inlineSuggest.enabled": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off", // In a browser VS Code saves by itself; on the desktop it does not.
  "files.hotExit": "off",
  "foretoken.firstDatastore": false, // A build beside a test slows the test.
  "git.autoRepositoryDetection": false,
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "typescript.disableAutomaticTypeAcquisition": true,
  "update.mode": "none",
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/**
 * Starts VS Code and resolves when it listens. See codeServer.d.mts for the options.
 */
export async function launchVSCode(options) {
  if (!existsSync(stampFile)) throw new Error("VS Code is not installed. Run: node test/editor/install.mjs");
  const base = mkdtempSync(join(tmpdir(), "foretoken-vscode-"));
  try {
    const folders = layOut(base, options);
    const environment = cleanEnvironment(base, options.env);
    if (options.vsix) await installExtension(options.vsix, folders, environment);
    if (options.linkExtension) linkExtension(folders.extensions);
    return await listen(base, folders, environment, options);
  } catch (error) {
    rmSync(base, { recursive: true, force: true });
    throw error;
  }
}

function layOut(base, { workspace, settings }) {
  const folders = {
    data: join(base, "server"),
    extensions: join(base, "extensions"),
    workspace: join(base, basename(workspace)),
  };
  // What concerns a machine is taken from the settings of the machine that the server runs on.
  const settled = ["User", "Machine"].map(name => join(folders.data, "data", name));
  for (const folder of [...settled, folders.extensions, join(base, "home"), join(base, "tmp")]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const folder of settled) {
    writeFileSync(join(folder, "settings.json"), JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
  }
  cpSync(workspace, folders.workspace, { recursive: true });
  return folders;
}

/**
 * VS Code leaves files in the home and the temporary folder, so it gets private ones. Variables of an
 * editor or an npm that this process may have been started from would change how it runs.
 */
function cleanEnvironment(base, additions = {}) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_|XDG_(CONFIG|CACHE|DATA|STATE)_HOME$)/i.test(name),
  );
  const temporary = join(base, "tmp");
  return {
    ...Object.fromEntries(inherited),
    HOME: join(base, "home"),
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: temporary,
    ...additions,
  };
}

function serverArguments(folders, ...more) {
  return [
    join(vscodeFolder, "out", "server-main.js"),
    "--accept-server-license-terms",
    "--server-data-dir",
    folders.data,
    "--extensions-dir",
    folders.extensions,
    ...more,
  ];
}

/** Installs a packed extension, as a user would. */
function installExtension(vsix, folders, env) {
  return new Promise((resolve, reject) => {
    const args = serverArguments(folders, "--install-extension", vsix, "--force");
    const child = spawn(nodeBinary, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", chunk => (output += chunk));
    child.stderr.on("data", chunk => (output += chunk));
    child.once("error", reject);
    child.once("close", code => {
      if (code === 0) resolve();
      // What comes before are complaints about a native logger that is not installed and not needed.
      else
        reject(
          new Error(`VS Code did not install ${vsix}:\n${output.replace(/^.*(?=Installing ext)/s, "")}`),
        );
    });
  });
}

/**
 * Makes the built extension of this checkout an installed one, without packing it. The bundles are
 * copied and not linked, because VS Code reports extensions apart by the real path of their code; the
 * large folders are only read and can be links.
 */
function linkExtension(extensions) {
  const folder = join(extensions, `${EXTENSION_ID}-0.0.0-checkout`);
  mkdirSync(folder);
  for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "dist", "media"]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  for (const name of ["models", "node_modules"]) symlinkSync(join(root, name), join(folder, name), "dir");
}

/** In a file, since other users of the machine can see a process's arguments. */
function connectionToken(base, token) {
  if (token === undefined) return ["--without-connection-token"];
  const file = join(base, "connection-token");
  writeFileSync(file, token, { mode: 0o600 });
  return ["--connection-token-file", file];
}

async function listen(base, folders, env, options) {
  const args = serverArguments(
    folders,
    "--host",
    "127.0.0.1",
    "--port",
    String(options.port ?? 0),
    ...connectionToken(base, options.connectionToken),
    "--telemetry-level",
    "off",
    "--disable-telemetry",
    "--disable-experiments",
    "--disable-workspace-trust",
    // Without this flag the workbench ignores the extension paths in the address of the page.
    ...(options.smokeTestDriver ? ["--enable-smoke-test-driver"] : []),
  );
  // A process group of its own: the extension hosts, terminals and language servers end with it.
  const child = spawn(nodeBinary, args, {
    cwd: folders.workspace,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const killAtExit = () => signalGroup(child.pid, "SIGKILL");
  process.once("exit", killAtExit);
  const exited = new Promise(resolve => child.once("close", resolve));
  let log = "";

  const dispose = async () => {
    signalGroup(child.pid, "SIGTERM");
    const patience = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_MS_MAX);
    await exited;
    clearTimeout(patience);
    signalGroup(child.pid, "SIGKILL"); // The server is gone; what it started may still be closing.
    process.off("exit", killAtExit);
    rmSync(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };

  try {
    const port = await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`VS Code did not listen in time:\n${log}`)),
        START_MS_MAX,
      );
      const read = chunk => {
        log += chunk;
        const found = /Extension host agent listening on (\d+)/.exec(log);
        if (!found) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", reject);
      child.once("close", code =>
        reject(new Error(`VS Code ended with ${code} before it listened:\n${log}`)),
      );
    });
    const authority = `127.0.0.1:${port}`;
    const token = options.connectionToken === undefined ? "" : `tkn=${options.connectionToken}&`;
    const address = `http://${authority}/?${token}folder=${encodeURIComponent(folders.workspace)}`;
    return {
      authority,
      address,
      workspace: folders.workspace,
      pid: child.pid,
      exited,
      log: () => log,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function signalGroup(pid, signal) {
  try {
    if (pid) process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}
