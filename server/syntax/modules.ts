/** Finds the file of a module's name by the rules of each language. Pure: callers pass a check for existing files. */

/** Whether a file exists. @param path below the workspace's folder, with forward slashes, like all paths here */
export type Exists = (path: string) => boolean;

/** Folders that hold a project's packages besides the project's own ("src layout"). */
const PACKAGE_FOLDERS = ["", "src/"];

/** Endings that a script's module may leave out; a name with `.js` may stand for the file that is compiled to it. */
const SCRIPT_ENDINGS = [".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mts", ".mjs"];
const COMPILED = /\.([mc]?)js(x?)$/;

/**
 * The file of a module that is named in the file `from`; undefined if the workspace has none.
 * @param module starts with one dot for the package of `from`, and one more for each package above it
 */
export function pythonModule(module: string, from: string, exists: Exists): string | undefined {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const parts = module.slice(dots).split(".").filter(Boolean);
  const bases = dots > 0 ? above(folderOf(from), dots - 1) : searched(from, exists);
  for (const base of bases) {
    const path = base + parts.join("/");
    const package_ = parts.length > 0 ? `${path}/` : path;
    const found = [`${package_}__init__.py`, ...(parts.length > 0 ? [`${path}.py`, `${path}.pyi`] : [])];
    const file = found.find(exists);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The file of a relative module of JavaScript or TypeScript. */
export function scriptModule(module: string, from: string, exists: Exists): string | undefined {
  const steps = /^\.{1,2}(\/|$)/.test(module) ? module.split("/") : [];
  let [base] = steps.length > 0 ? [folderOf(from)] : [];
  for (const step of steps.slice(0, -1)) base = stepped(base, step);
  const last = steps.at(-1) ?? "";
  const isFolder = /^\.{0,2}$/.test(last);
  if (isFolder) base = stepped(base, last);
  if (base === undefined) return undefined;
  const path = isFolder ? "" : base + last;
  const folder = isFolder ? base : `${path}/`;
  const files = isFolder
    ? []
    : [path, path.replace(COMPILED, ".$1ts$2"), ...SCRIPT_ENDINGS.map(each => path + each)];
  const found = [...files.filter(isScript), ...SCRIPT_ENDINGS.map(each => `${folder}index${each}`)];
  return found.find(exists);
}

const isScript = (path: string) => /\.[mc]?[jt]sx?$/.test(path);

/** The folder that a step of a path leads to; undefined outside the workspace's folder. */
function stepped(folder: string | undefined, step: string): string | undefined {
  if (folder === undefined || step === "." || step === "") return folder;
  return step === ".." ? above(folder, 1)[0] : `${folder}${step}/`;
}

/** The full name of a module within another: `..` and `a` give `..a`, `b` and `a` give `b.a`. */
export const submodule = (module: string, name: string) =>
  /\.$/.test(module) ? module + name : `${module}.${name}`;

/** "" or ending in a slash. */
const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);

const parentOf = (folder: string) => folderOf(folder.slice(0, -1));

/** The folder this many levels up; none if that is outside the workspace's folder. */
function above(folder: string, levels: number): string[] {
  let base = folder;
  for (let level = 0; level < levels; level++) {
    if (base === "") return [];
    base = parentOf(base);
  }
  return [base];
}

/** Folders to search for a module without dots: the one that contains the file's outermost package, and those above. */
function searched(from: string, exists: Exists): string[] {
  let folder = folderOf(from);
  while (folder !== "" && exists(`${folder}__init__.py`)) folder = parentOf(folder);
  const folders: string[] = [];
  for (;;) {
    folders.push(...PACKAGE_FOLDERS.map(each => folder + each));
    if (folder === "") return folders;
    folder = parentOf(folder);
  }
}
