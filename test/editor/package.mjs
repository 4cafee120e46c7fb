/**
 * Makes the package that a user installs: foretoken-TARGET-VERSION.vsix, for one platform.
 *
 *     node test/editor/package.mjs [TARGET]      (linux-x64 when absent; the bundles must be built)
 *
 * Everything that goes in is copied to an empty folder first, by lists of what is wanted. There, away from
 * the checkout's own packages, it has to complete some code. The finished package is opened again and
 * compared with the lists: one with a library too few starts nowhere, and one with a library too many is
 * tens of megabytes too large.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";
import { bundledPackages, thirdPartyNotices } from "./notices.mjs";
import { root } from "./paths.mjs";
import { listZip } from "./zip.mjs";

/**
 * Per target of VS Code: the folder of koffi's library, the packages with llama.cpp's. The CPU and Vulkan
 * (Metal on Apple silicon) are shipped; CUDA is left out for its size of several hundred megabytes.
 */
const TARGETS = {
  "linux-x64": { koffi: "linux-x64", backends: ["linux-x64", "linux-x64-vulkan"] },
  "linux-arm64": { koffi: "linux-arm64", backends: ["linux-arm64"] },
  "linux-armhf": { koffi: "linux-arm", backends: ["linux-armv7l"] },
  "win32-x64": { koffi: "win32-x64", backends: ["win-x64", "win-x64-vulkan"] },
  "win32-arm64": { koffi: "win32-arm64", backends: ["win-arm64"] },
  "darwin-x64": { koffi: "darwin-x64", backends: ["mac-x64"] },
  "darwin-arm64": { koffi: "darwin-arm64", backends: ["mac-arm64-metal"] },
};

/**
 * Packages that the bundles import, each with what of it only building from source needs. Two files of
 * llama.cpp's source folder say which release the libraries are; node-llama-cpp reads them.
 */
const RUNTIME_PACKAGES = {
  koffi: /^(cnoke\.cjs$|doc\/|lib\/|vendor\/)/,
  "node-llama-cpp": /^(templates\/|llama\/(?!binariesGithubRelease\.json$|llama\.cpp\.info\.json$))/,
};
/** Stands for the pattern of a package of which nothing is left out. */
const NOTHING = /^$/;

/** Dependencies that only building llama.cpp from source needs; nothing imports them. */
const BUILD_PACKAGES = new Set(["cmake-js", "node-addon-api"]);

/** Of a JavaScript package: what is executed or read by a program, and its licence. */
const WANTED_CODE = /\.([cm]?js|json)$|(^|\/)(licen[cs]e|copying|notice)[^/]*$/i;
/** Of a package with native libraries. */
const WANTED_NATIVE = /\.(js|json|node|so|so\.[\d.]+|dylib|dll|metal|metallib)$|(^|\/)licen[cs]e[^/]*$/i;
/** Never wanted, wherever it is. */
const UNWANTED = /(^|\/)(tests?|__tests__|examples?|benchmarks?|\.[^/]+)(\/|$)|\.(test|spec)\.[cm]?js$/i;

/** The folder of Node packages lies beside the bundles that import them: vsce leaves one at the top out. */
const PACKAGES_FOLDER = "dist/node_modules";

/** Files of the package, each with where it comes from: { path, source } with paths in the package. */
function collect(target) {
  const copied = [...javaScriptPackages(), ...nativePackages(target)];
  return [...ownFiles(), ...copied, notices(copied)];
}

const NOTICES = "THIRD-PARTY-NOTICES.md";

/** The licences of all that is bundled or copied, written beside the bundles. */
function notices(copied) {
  const folderOf = path => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  const folders = new Set([
    ...bundledPackages(root),
    ...copied.map(({ source }) => folderOf(source.replaceAll("\\", "/"))),
  ]);
  const licence = readFileSync(join(root, "LICENSE"), "utf8");
  const mit = licence.slice(licence.indexOf("Permission is hereby granted")).trim();
  const source = join(root, "out", NOTICES);
  writeFileSync(source, thirdPartyNotices(root, [...folders], mit));
  return { path: NOTICES, source };
}

function ownFiles() {
  const files = ["README.md", "CHANGELOG.md", "LICENSE"].map(path => ({ path, source: join(root, path) }));
  const take = (folder, wanted) => {
    for (const path of filesBelow(join(root, folder))) {
      if (wanted.test(path)) files.push({ path: `${folder}/${path}`, source: join(root, folder, path) });
    }
  };
  take("dist", /^([^/]+\.(c?js|css)|libraries\.json)$/);
  take("dist/grammars", /^[^/]+\.wasm$/);
  take("models", /^([^/]+\.gguf|catalogue\.json|README\.md|LICENSE|NOTICE)$/);
  if (existsSync(join(root, "media"))) take("media", /^[^/]+$|^walkthrough\/[^/]+\.png$/);
  const missing = files.filter(({ source }) => !existsSync(source)).map(({ path }) => path);
  for (const name of [
    "extension.cjs",
    "dashboard.js",
    "dashboard.css",
    "libraries.json",
    "server.js",
    "cli.js",
    "decodeWorker.js",
    "renderProcess.js",
  ]) {
    if (!files.some(({ path }) => path === `dist/${name}`)) missing.push(`dist/${name}`);
  }
  for (const name of ["web-tree-sitter", "tree-sitter-python"]) {
    if (!files.some(({ path }) => path === `dist/grammars/${name}.wasm`))
      missing.push(`dist/grammars/${name}.wasm`);
  }
  if (!files.some(({ path }) => path.endsWith(".gguf"))) missing.push("models/*.gguf");
  if (missing.length > 0)
    throw new Failure(`Missing: ${missing.join(", ")} (the bundles are made by: npm run build)`);
  return files;
}

/** The imported packages and what they depend on, without what is optional or only builds. */
function javaScriptPackages() {
  const folders = new Map();
  const visit = (name, from) => {
    if (BUILD_PACKAGES.has(name)) return;
    const folder = findPackage(name, from);
    if (!folder) throw new Failure(`The package ${name} is not installed. Run: npm ci`);
    if (folders.has(folder)) return;
    folders.set(folder, RUNTIME_PACKAGES[name] ?? NOTHING);
    for (const dependency of Object.keys(readManifest(folder).dependencies ?? {})) visit(dependency, folder);
  };
  for (const name of Object.keys(RUNTIME_PACKAGES)) visit(name, root);
  return [...folders].flatMap(([folder, leftOut]) =>
    packageFiles(folder, WANTED_CODE).filter(({ inner }) => !leftOut.test(inner)),
  );
}

/** Only what belongs to the target: koffi's packages also hold a library for another C library, musl. */
function nativePackages(target) {
  const { koffi, backends } = TARGETS[target];
  const names = [`@koromix/koffi-${koffi}`, ...backends.map(backend => `@node-llama-cpp/${backend}`)];
  const missing = names.filter(name => !existsSync(join(root, "node_modules", name)));
  if (missing.length > 0) throw new Failure(explainMissing(target, missing));
  return names.flatMap(name =>
    packageFiles(join(root, "node_modules", name), WANTED_NATIVE).filter(
      ({ inner }) => !inner.startsWith("musl_"),
    ),
  );
}

function explainMissing(target, missing) {
  const versions = ["koffi", "node-llama-cpp"].map(
    name => readManifest(findPackage(name, root)).optionalDependencies,
  );
  const wanted = missing.map(name => `${name}@${Object.assign({}, ...versions)[name]}`);
  return (
    `For ${target} these packages are missing: ${missing.join(", ")}.\n` +
    "npm installs only the packages of the machine it runs on. To add these beside them:\n" +
    `  npm install --no-save --force ${wanted.join(" ")}\n` +
    "(or install on a machine of that platform, or with npm ci --os=... --cpu=...), then run this again."
  );
}

/** As Node finds it: in the nearest node_modules from the folder that imports it. */
function findPackage(name, from) {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
  }
  return undefined;
}

function packageFiles(folder, wanted) {
  const place = relative(join(root, "node_modules"), folder).replaceAll("\\", "/");
  return filesBelow(folder)
    .filter(inner => wanted.test(inner) && !UNWANTED.test(inner))
    .map(inner => ({ inner, path: `${PACKAGES_FOLDER}/${place}/${inner}`, source: join(folder, inner) }));
}

/** Paths of all files below a folder, with slashes; packages within a package are visited on their own. */
function filesBelow(folder, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap(entry => {
    const path = prefix + entry.name;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(folder, `${path}/`);
    return entry.isFile() ? [path] : [];
  });
}

const readManifest = folder => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Copies the files to an empty folder, with a manifest that has nothing about building. */
function stage(files, folder) {
  for (const { path, source } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(source, join(folder, path));
  }
  const { scripts, devDependencies, dependencies, allowScripts, ...manifest } = readManifest(root);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, ".vscodeignore"), ""); // All of it is wanted; vsce asks for the file to exist.
}

/**
 * Runs what was staged: the command line completes with the default model, which needs koffi and a
 * llama.cpp, and the probe loads node-llama-cpp with all it depends on. The extension would survive a
 * probe that fails, slower than need be, and nobody would notice.
 */
function tryOut(folder) {
  const program = join(folder, "program.py");
  writeFileSync(program, "def add(a, b):\n    return ");
  const model = join("models", "foretoken-135m.q4_0.gguf");
  const estimate = ["dist/estimate.js", model, "512"];
  for (const args of [
    ["dist/probe.js"],
    estimate,
    ["dist/compareTokens.js", model, model],
    ["dist/cli.js", "complete", `${program}:2:12`, "--json"],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    if (status !== 0 || stdout.trim() === "") {
      throw new Failure(
        `What was to be packed does not run: ${args.join(" ")} ended with ${status}\n${stderr}`,
      );
    }
  }
  rmSync(program);
}

/** Compares the finished package with what was to go in; returns what is wrong. */
function check(vsix, files, target) {
  const renamed = { "README.md": "readme.md", "CHANGELOG.md": "changelog.md", LICENSE: "LICENSE.txt" };
  const expected = new Set(files.map(({ path }) => `extension/${renamed[path] ?? path}`));
  for (const path of ["extension/package.json", "extension.vsixmanifest", "[Content_Types].xml"])
    expected.add(path);
  const found = new Set(listZip(vsix).map(({ name }) => name));
  const problems = [...expected].filter(path => !found.has(path)).map(path => `missing: ${path}`);
  problems.push(...[...found].filter(path => !expected.has(path)).map(path => `unexpected: ${path}`));

  // The lists above might themselves be wrong; these hold for any package.
  const { koffi, backends } = TARGETS[target];
  for (const pattern of [
    `/koffi-${koffi}/.*koffi\\.node$`,
    ...backends.map(name => `/${name}/bins/.*llama.*\\.(so|dylib|dll)`),
  ]) {
    if (![...found].some(path => new RegExp(pattern).test(path))) problems.push(`no file like ${pattern}`);
  }
  const others = ["cuda", ...Object.values(TARGETS).flatMap(other => other.backends)].filter(
    name => !backends.includes(name),
  );
  const foreign = new RegExp(
    `@node-llama-cpp/[^/]*cuda|@node-llama-cpp/(${others.join("|")})/|\\.(ts|map|vsix|cc|hh|h)$`,
  );
  problems.push(...[...found].filter(path => foreign.test(path)).map(path => `does not belong: ${path}`));
  return problems;
}

/** Something to be reported without a stack trace. */
class Failure extends Error {}

/** @returns the path of the package */
export async function makePackage(target = "linux-x64") {
  if (!TARGETS[target])
    throw new Failure(`No such target: ${target}. Known: ${Object.keys(TARGETS).join(", ")}`);
  const files = collect(target);
  const vsix = join(root, `foretoken-${target}-${readManifest(root).version}.vsix`);
  rmSync(vsix, { force: true });
  // Not below the checkout: Node looks for packages in the folders above and would find those left out.
  const folder = mkdtempSync(join(tmpdir(), "foretoken-package-"));
  try {
    stage(files, folder);
    if (target === `${process.platform}-${process.arch}`) tryOut(folder);
    await createVSIX({
      cwd: folder,
      packagePath: vsix,
      target,
      dependencies: false, // They are in dist/; vsce would look for them with npm.
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const problems = check(vsix, files, target);
  if (problems.length > 0) throw new Failure(`${vsix} is not as it should be:\n  ${problems.join("\n  ")}`);
  return vsix;
}

function report(vsix) {
  const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`;
  const entries = listZip(vsix);
  const groups = new Map();
  for (const { name, compressedBytes } of entries) {
    const group = /^extension\/(dist\/node_modules\/(?:@[^/]+\/)?[^/]+|[^/]+)/.exec(name)?.[1] ?? "manifest";
    const packed =
      /node_modules\/(@node-llama-cpp|@koromix|koffi$|node-llama-cpp)/.test(group) ||
      !group.includes("node_modules");
    const key = packed ? group : "dist/node_modules/ (other)";
    groups.set(key, (groups.get(key) ?? 0) + compressedBytes);
  }
  for (const [group, bytes] of [...groups].sort((a, b) => b[1] - a[1])) {
    console.log(`${megabytes(bytes).padStart(10)}  ${group}`);
  }
  console.log(`${relative(process.cwd(), vsix)}: ${megabytes(statSync(vsix).size)}, ${entries.length} files`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    report(await makePackage(process.argv[2]));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
