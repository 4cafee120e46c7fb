/** Code to replay: the files of a folder, and Python's standard library, which is available everywhere. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UsageError } from "../../server/system/index.ts";

/** Folder of the installed Python's standard library. */
export function standardLibrary(): string {
  const ask = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
  for (const python of process.platform === "win32" ? ["python", "py"] : ["python3", "python"]) {
    try {
      return execFileSync(python, ["-c", ask], { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
    } catch {
      // It does not exist under this name.
    }
  }
  throw new UsageError("The suite needs Python's standard library or --corpus FOLDER.");
}

/** File extensions that count as code. */
const CODE = new Set([".py", ".ts", ".js", ".go", ".rs", ".java", ".c", ".cc", ".cpp", ".h", ".cs", ".rb"]);

/** Code files in a folder and its subfolders, except tests, in a stable order. */
export function codeFiles(folder: string, depth = 3): string[] {
  const files: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const skipped = /^(\.|_|test|idle|site-packages|node_modules)/.test(entry.name);
    if (entry.isDirectory() && depth > 0 && !skipped) files.push(...codeFiles(path, depth - 1));
    else if (entry.isFile() && CODE.has(extname(entry.name)) && !skipped) files.push(path);
  }
  return files;
}

/** Number of files of a package that is a project of some size. */
const PACKAGE_FILES = { least: 15, most: 200 };
/** Packages whose files are similar tables. */
const TABLES = /^(encodings|pydoc_data|lib2to3)$/;

/** The largest package of a library, in bytes, among those with as many files as a project. Throws a `UsageError`. */
export function largestPackage(library: string): string {
  let largest: string | undefined;
  let mostBytes = 0;
  for (const entry of readdirSync(library, { withFileTypes: true })) {
    const folder = join(library, entry.name);
    if (!entry.isDirectory() || TABLES.test(entry.name) || !existsSync(join(folder, "__init__.py"))) continue;
    const files = codeFiles(folder);
    const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
    if (files.length < PACKAGE_FILES.least || files.length > PACKAGE_FILES.most || bytes <= mostBytes)
      continue;
    largest = folder;
    mostBytes = bytes;
  }
  if (largest === undefined)
    throw new UsageError(
      `${library} has no package of a project's size: the suite workspace needs --corpus FOLDER.`,
    );
  return largest;
}
