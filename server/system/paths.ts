/** Paths of the package's own files, and of folders where the server may keep data. */
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { homeFolder } from "./userPaths.ts";

const DEFAULT_MODEL = "foretoken-135m.q4_0.gguf";

/** The folder of Foretoken's package.json, above the folder that this code was bundled to. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!isPackage(join(directory, "package.json"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error("The Foretoken package is incomplete: reinstall it");
    directory = parent;
  }
  return directory;
}

/** The package's version, as in its package.json. */
export function packageVersion(): string {
  return String(JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version);
}

function isPackage(file: string): boolean {
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "foretoken";
}

/** The model that runs when none is chosen: `FORETOKEN_MODEL`, or the one that comes with the package. */
export function defaultModelPath(): string {
  return process.env.FORETOKEN_MODEL || join(packageRoot(), "models", DEFAULT_MODEL);
}

/** The catalogue of models that comes with the package. */
export function cataloguePath(): string {
  return join(packageRoot(), "models", "catalogue.json");
}

/** The process that asks node-llama-cpp for the best back end. */
export function probeScript(): string {
  return join(packageRoot(), "dist", "probe.js");
}

/** The thread that decodes. */
export function decodeScript(): string {
  return join(packageRoot(), "dist", "decodeWorker.js");
}

/** The process that estimates a model's memory. */
export function estimateScript(): string {
  return join(packageRoot(), "dist", "estimate.js");
}

/** The process that compares the tokens of two models. */
export function compareTokensScript(): string {
  return join(packageRoot(), "dist", "compareTokens.js");
}

/** The grammars for finding the ends of completions. */
export function grammarsDirectory(): string {
  return join(packageRoot(), "dist", "grammars");
}

/** The thread that tokenizes for builds and for the workspace's index. */
export function tokenizeWorkerScript(): string {
  return join(packageRoot(), "dist", "tokenizeWorker.js");
}

/** The process that renders chat templates. */
export function renderScript(): string {
  return join(packageRoot(), "dist", "renderProcess.js");
}

/** The thread that reads data sets for builds. */
export function readWorkerScript(): string {
  return join(packageRoot(), "dist", "readWorker.js");
}

/** The command line, which the server runs for long tasks. */
export function commandLineScript(): string {
  return join(packageRoot(), "dist", "cli.js");
}

/** The benchmarks, which are built in a checkout and are not part of the extension. */
export function benchScript(): string {
  return join(packageRoot(), "out", "bench", "bench.js");
}

/** The list of library packages that may be fetched; the build writes it. */
export function librariesFile(): string {
  return join(packageRoot(), "dist", "libraries.json");
}

/** Folder of fetched libraries, beside the stores. */
export function librariesDirectory(storageDirectory = cacheDirectory()): string {
  return join(storageDirectory, "libraries");
}

/** Folder of the stores: below the extension's storage in the editor, or else below the cache. */
export function storesDirectory(storageDirectory = cacheDirectory()): string {
  return join(storageDirectory, "datastores");
}

/** The platform's folder for data that can be created again. */
export function cacheDirectory(): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  // A service may run for a user without a home.
  const home = homeFolder() ?? tmpdir();
  if (process.platform === "win32") return join(LOCALAPPDATA || join(home, "AppData", "Local"), "foretoken");
  if (process.platform === "darwin") return join(home, "Library", "Caches", "foretoken");
  return join(XDG_CACHE_HOME || join(home, ".cache"), "foretoken");
}
