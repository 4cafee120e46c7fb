// Bundles the extension (CommonJS, as VS Code loads it), the dashboard's page, the server, the command line and the back-end
// probe (ESM for Node), and the tests. Types are checked by `tsc -b`, not here. A failure fails the build.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build, context } from "esbuild";
import wabt from "wabt";

const watch = process.argv.includes("--watch");

/** Bundled CommonJS packages call `require`, which an ES module does not have. */
const requireBanner = {
  js: 'import { createRequire as foretokenRequire } from "node:module"; const require = foretokenRequire(import.meta.url);',
};

/** Native packages and their loaders stay outside: they find their binaries relative to themselves. */
const external = ["node-llama-cpp", "koffi"];

/** Assembles WebAssembly text into a module that exports its bytes. */
const webAssembly = {
  name: "wat",
  setup(build) {
    build.onLoad({ filter: /\.wat$/ }, async ({ path }) => {
      const { parseWat } = await wabt();
      const { buffer } = parseWat(path, await readFile(path, "utf8"), { simd: true }).toBinary({});
      return { contents: buffer, loader: "binary" };
    });
  },
};

const common = {
  plugins: [webAssembly],
  bundle: true,
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "warning",
  legalComments: "none",
};

/** Test files below `folder`, found without globs, which Node 20 does not have. */
async function testFiles(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "host")
      found.push(...(await testFiles(path)));
    else if (/\.(test|bench|fuzz|record)\.ts$/.test(entry.name)) found.push(path);
  }
  return found;
}

const bundles = [
  {
    ...common,
    entryPoints: { extension: "extension/main.ts" },
    outdir: "dist",
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    external: ["vscode"],
  },
  {
    ...common,
    entryPoints: { dashboard: "extension/dashboard/page.ts" },
    outdir: "dist",
    format: "iife",
    platform: "browser",
    target: "chrome120",
    external: [],
  },
  {
    ...common,
    entryPoints: {
      server: "server/main.ts",
      cli: "server/cli.ts",
      probe: "server/engine/probe.ts",
      estimate: "server/engine/estimate.ts",
      compareTokens: "server/engine/compareTokens.ts",
      decodeWorker: "server/engine/decodeWorker.ts",
      tokenizeWorker: "server/corpus/tokenizeWorker.ts",
      renderProcess: "server/chat/renderProcess.ts",
      readWorker: "datastores/sources/readWorker.ts",
    },
    outdir: "dist",
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
    external,
    banner: requireBanner,
  },
  {
    ...common,
    entryPoints: { bench: "test/bench/cli.ts" },
    outdir: "out/bench",
    format: "esm",
    external,
    banner: requireBanner,
  },
  {
    ...common,
    entryPoints: [...(await testFiles("test")), "test/vulkan/tokens.ts"],
    outbase: "test",
    outdir: "out/test",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    packages: "external",
    // Only an editor has it.
    alias: { vscode: "./test/fakes/vscode.ts" },
    banner: requireBanner,
  },
  {
    ...common,
    entryPoints: ["test/editor/host/index.ts"],
    outbase: "test",
    outdir: "out/test",
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    external: ["vscode", "mocha"],
  },
];

/** WebAssembly that is loaded at run time: the parser, and the grammar of each language of server/syntax/languages.ts. */
async function copyGrammars() {
  await mkdir("dist/grammars", { recursive: true });
  const parser = "node_modules/web-tree-sitter/web-tree-sitter.wasm";
  const grammars = ["cpp", "go", "java", "javascript", "python", "rust", "tsx", "typescript"];
  const files = grammars.map(name => `node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`);
  for (const file of [parser, ...files]) await copyFile(file, `dist/grammars/${basename(file)}`);
}

/** What may be fetched later, by what the lock file says of it: the libraries of CUDA, too large to be packed. */
async function noteLibraries() {
  const { packages } = JSON.parse(await readFile("package-lock.json", "utf8"));
  const listed = Object.entries(packages).flatMap(([path, { version, integrity }]) => {
    const name = /^node_modules\/(@node-llama-cpp\/[a-z0-9-]+-cuda)$/.exec(path)?.[1];
    // Without a hash there is no knowing what one gets.
    return name && integrity ? [{ name, version, integrity }] : [];
  });
  await writeFile("dist/libraries.json", JSON.stringify(listed));
}

await Promise.all([
  rm("dist", { recursive: true, force: true }),
  rm("out/test", { recursive: true, force: true }),
  rm("out/bench", { recursive: true, force: true }),
]);
await copyGrammars();
await noteLibraries();
const bundled = new Set(["node_modules/web-tree-sitter", "node_modules/@vscode/tree-sitter-wasm"]);
for (const bundle of bundles) {
  if (watch) await (await context(bundle)).watch();
  else {
    const { metafile } = await build({ ...bundle, metafile: true });
    if (bundle.outdir === "dist") for (const input of Object.keys(metafile.inputs)) addPackage(input);
  }
}
await mkdir("out", { recursive: true });
await writeFile("out/bundled.json", JSON.stringify([...bundled].sort()));

/** Notes the package that a bundled file is of: what is packed names its licence. */
function addPackage(input) {
  const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  if (folder) bundled.add(folder);
}
