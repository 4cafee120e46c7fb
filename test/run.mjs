// `npm test`: installs, builds and runs everything, the quick first. `node test/run.mjs STAGE...` runs some.
// Plain Node with nothing but built-ins: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packagesAreInstalled, root } from "./editor/paths.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const bin = name => join("node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(`\n${command} ${args.join(" ")} failed`);
    process.exit(status ?? 1);
  }
}

/** Tests that take seconds a file, as those do that sort corpora or search at random. */
const isSlow = file => file.endsWith(".slow.test.mjs");

/** Runs bundled test files; one that holds no test would pass unseen, so there must be some. */
function nodeTest(folder, { env, timeoutMs = 900_000, wants = () => true } = {}) {
  const files = readdirSync(join(root, "out", "test", folder), { recursive: true })
    .filter(name => name.endsWith(".test.mjs") && wants(name))
    .sort()
    .map(name => join("out", "test", folder, name));
  if (files.length === 0) throw new Error(`out/test/${folder} has no tests`);
  const concurrency = folder === "editor" || folder === "model" ? ["--test-concurrency=1"] : [];
  run(
    process.execPath,
    ["--test", "--test-reporter=spec", `--test-timeout=${timeoutMs}`, ...concurrency, ...files],
    env,
  );
}

/** Where drivers of Vulkan say where they lie. */
const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** The Vulkan driver that computes on the processor; undefined where it is not installed. */
function vulkanDriver() {
  for (const folder of DRIVER_FOLDERS) {
    const name = existsSync(folder) && readdirSync(folder).find(file => /^lvp_icd.*\.json$/.test(file));
    if (name) return join(folder, name);
  }
  return undefined;
}

/** Says that a stage did not run, at once and at the end. */
function skipLoudly(stage, reason) {
  const message = `The stage ${stage} DID NOT RUN: ${reason}. On Debian: apt-get install mesa-vulkan-drivers`;
  skipped.push(message);
  console.error(`\n!! ${message}`);
}
const skipped = [];

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const vsix = join(root, `foretoken-${process.platform}-${process.arch}-${version}.vsix`);

const stages = {
  install: () => packagesAreInstalled() || run(npm, ["ci", "--no-audit", "--no-fund"]),
  build: () => run(process.execPath, ["esbuild.mjs"]),
  check: () => {
    run(bin("biome"), ["ci", ".", ...(process.stdout.isTTY ? [] : ["--colors=off"])]);
    run(bin("tsc"), ["-b"]);
  },
  architecture: () => nodeTest("architecture"),
  unit: () => nodeTest("unit", { wants: name => !isSlow(name) }),
  unitSlow: () => nodeTest("unit", { wants: isSlow }),
  server: () => nodeTest("server"),
  model: () => nodeTest("model"),
  vulkan: () => {
    const driver = vulkanDriver();
    if (driver) nodeTest("vulkan", { env: { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver } });
    else skipLoudly("vulkan", `no driver of Mesa's llvmpipe in ${DRIVER_FOLDERS.join(" or ")}`);
  },
  scripted: () => nodeTest("scripted"),
  fuzz: () => nodeTest("fuzz"),
  "fuzz:long": () => {
    for (const stage of ["install", "build"]) stages[stage]();
    run(process.execPath, ["out/test/fuzz/run.fuzz.mjs", ...options]);
  },
  editorInstall: () => run(process.execPath, ["test/editor/install.mjs"]),
  editor: () => nodeTest("editor"),
  package: () => run(process.execPath, ["test/editor/package.mjs"]),
  editorVsix: () => nodeTest("editor", { env: { FORETOKEN_VSIX: vsix } }),
  recipes: () => {
    for (const stage of ["install", "build"]) stages[stage]();
    nodeTest("recipes");
  },
  "bench:engine": () => {
    for (const stage of ["install", "build"]) stages[stage]();
    run(process.execPath, ["dist/cli.js", "bench", "engine", ...options]);
  },
  "bench:compare": () => {
    for (const stage of ["install", "build"]) stages[stage]();
    run(process.execPath, ["dist/cli.js", "bench", "compare", ...options]);
  },
  "bench:edits": () => {
    for (const stage of ["install", "build"]) stages[stage]();
    run(process.execPath, ["out/test/bench/editor/edits.bench.mjs", ...options]);
  },
  "bench:latency": () => {
    for (const stage of ["install", "build", "editorInstall"]) stages[stage]();
    run(process.execPath, ["out/test/bench/editor/latency.bench.mjs"]);
  },
  "bench:keystrokes": () => {
    for (const stage of ["install", "build", "editorInstall"]) stages[stage]();
    run(process.execPath, ["out/test/bench/editor/keystrokes.bench.mjs", ...options]);
  },
};

const all = [
  "install",
  "build",
  "check",
  "architecture",
  "unit",
  "unitSlow",
  "server",
  "model",
  "vulkan",
  "scripted",
  "fuzz",
  "editorInstall",
  "editor",
  "package",
  "editorVsix",
];
const given = process.argv.slice(2);
const firstOption = given.findIndex(word => word.startsWith("--"));
const wanted = firstOption < 0 ? given : given.slice(0, firstOption);
/** For the benchmarks that take any: `bench:keystrokes --keys 200`. */
const options = given.slice(wanted.length);
for (const stage of wanted.length > 0 ? wanted : all) {
  if (!stages[stage])
    throw new Error(`There is no stage ${stage}; there are ${Object.keys(stages).join(", ")}`);
  console.log(`\n== ${stage}`);
  const start = Date.now();
  stages[stage]();
  console.log(`== ${stage} took ${((Date.now() - start) / 1000).toFixed(1)} s`);
}
for (const message of skipped) console.error(`!! ${message}`);
