/** The folders as the compiler sees them: each is a project that names the projects it may import. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { packageRoot } from "../../server/system/paths.ts";

export const root = packageRoot();

export interface Room {
  /** Folder below the root, with forward slashes. */
  readonly folder: string;
  /** Folders of the projects it names. */
  readonly references: readonly string[];
  /** Its source files, below the root. */
  readonly files: readonly string[];
}

const slashed = (path: string) => path.split("\\").join("/");

/** JSON with comments, as tsconfig files have it. */
function readConfig(path: string): { references?: { path: string }[]; include?: string[] } {
  return JSON.parse(readFileSync(path, "utf8").replace(/^\s*\/\/.*$/gm, ""));
}

function filesOf(folder: string, include: readonly string[]): string[] {
  return include.flatMap(pattern => {
    const inner = dirname(pattern);
    const path = inner === "." ? folder : `${folder}/${inner}`;
    return readdirSync(join(root, path))
      .filter(name => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map(name => `${path}/${name}`);
  });
}

/** Every project of the product; the tests, which may import everything, are none of them. */
export function rooms(): Room[] {
  const folders = (readConfig(join(root, "tsconfig.json")).references ?? []).map(({ path }) => path);
  return folders
    .filter(folder => folder !== "test")
    .map(folder => {
      const config = readConfig(join(root, folder, "tsconfig.json"));
      const references = (config.references ?? []).map(({ path }) => slashed(normalize(join(folder, path))));
      return { folder, references, files: filesOf(folder, config.include ?? []) };
    });
}

/** The folder's projects and all that those name in turn. */
export function reachable(folder: string, all: readonly Room[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    for (const reference of all.find(room => room.folder === name)?.references ?? []) {
      if (found.has(reference)) continue;
      found.add(reference);
      visit(reference);
    }
  };
  visit(folder);
  return found;
}

export interface ImportedFile {
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
}

const IMPORT = /^(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*(?:\s+as\s+\w+)?)\s+from\s+"(\.[^"]+)";/gm;
const DYNAMIC = /import\("(\.[^"]+)"\)/g;

/** What a file imports of the project, by relative path. */
export function importsOf(file: string): ImportedFile[] {
  const text = readFileSync(join(root, file), "utf8");
  const target = (path: string) => slashed(relative(root, join(root, dirname(file), path)));
  const named = [...text.matchAll(IMPORT)].map(([, names, path]) => ({
    from: file,
    to: target(path as string),
    names: (names ?? "*")
      .split(",")
      .map(name =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/ as .*/, ""),
      )
      .filter(Boolean),
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, path]) => ({
    from: file,
    to: target(path as string),
    names: ["*"],
  }));
  return [...named, ...dynamic];
}
