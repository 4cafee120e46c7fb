/**
 * THIRD-PARTY-NOTICES.md of the packed extension: the licence of every package that is bundled or copied, and of what
 * they are built from. A package without a licence text fails the build.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where esbuild.mjs lists the packages in the bundles. */
export const BUNDLED_LIST = join("out", "bundled.json");

/** Works whose binaries come in packages of other names. All are under the MIT licence. */
const WORKS = [
  ["llama.cpp and ggml", "2023-2026 The ggml authors"],
  ["tree-sitter", "2018 Max Brunsfeld"],
  ["tree-sitter-cpp", "2014 Max Brunsfeld"],
  ["tree-sitter-go", "2014 Max Brunsfeld"],
  ["tree-sitter-java", "2017 Ayman Nadeem"],
  ["tree-sitter-javascript", "2014 Max Brunsfeld"],
  ["tree-sitter-python", "2016 Max Brunsfeld"],
  ["tree-sitter-rust", "2017 Maxim Sokolov"],
  ["tree-sitter-typescript", "2017 Max Brunsfeld"],
];

/** Packages of binaries that leave the licence to the package they belong to. */
const OWNERS = [
  [/^@koromix\/koffi-/, "koffi"],
  [/^@node-llama-cpp\//, "node-llama-cpp"],
];

const LICENCE_FILE = /^(licen[cs]e|copying|unlicense)([.-].*)?$/i;
const NOTICE_FILE = /^notice([.-].*)?$/i;

function textsOf(folder, pattern) {
  return readdirSync(folder)
    .filter(name => pattern.test(name))
    .map(name => readFileSync(join(folder, name), "utf8").trim());
}

/**
 * @param root of the checkout @param folders of the packages that are in the extension
 * @param mit text of the MIT licence below its copyright line
 */
export function thirdPartyNotices(root, folders, mit) {
  const missing = [];
  const packages = folders.map(folder => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const owner = OWNERS.find(([pattern]) => pattern.test(name))?.[1];
    let licences = textsOf(folder, LICENCE_FILE);
    if (licences.length === 0 && owner) licences = textsOf(join(root, "node_modules", owner), LICENCE_FILE);
    // Declared, and the text is known: only who holds the copyright may have to be guessed.
    if (licences.length === 0 && license === "MIT") {
      const holder = (typeof author === "string" ? author : author?.name) ?? `the authors of ${name}`;
      licences = [`MIT License\n\nCopyright (c) ${holder}\n\n${mit}`];
    }
    if (licences.length === 0) missing.push(name);
    return { name: `${name} ${version}`, text: [...licences, ...textsOf(folder, NOTICE_FILE)].join("\n\n") };
  });
  if (missing.length > 0) throw new Error(`Without a licence text: ${missing.join(", ")}`);
  const works = WORKS.map(([name, holder]) => ({
    name,
    text: `MIT License\n\nCopyright (c) ${holder}\n\n${mit}`,
  }));
  const sections = [...packages, ...works]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => `## ${name}\n\n${text.replace(/^/gm, "    ").replace(/ +$/gm, "")}\n`);
  const head =
    "# Third-party notices\n\nThis extension contains the following works. The default model's own licence and\nnotice are in the folder models.\n";
  return [head, ...new Set(sections)].join("\n");
}

/** The folders of the bundled packages; throws where the bundles were not made. */
export function bundledPackages(root) {
  const list = join(root, BUNDLED_LIST);
  if (!existsSync(list)) throw new Error(`${BUNDLED_LIST} is missing (it is made by: npm run build)`);
  return JSON.parse(readFileSync(list, "utf8")).map(folder => join(root, folder));
}
