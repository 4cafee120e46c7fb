/** Finds the library of this machine's Python installation by asking the interpreter. */
import { sep } from "node:path";
import { storeError } from "../index.ts";
import { outputOf } from "./program.ts";

interface PythonInstallation {
  /** `3.11.7` */
  readonly version: string;
  /** Folders of the standard library and of installed packages; none contains another. */
  readonly roots: readonly string[];
}

/** Windows has `py` if Python was installed for one user only and is not on the search path. */
const COMMANDS = ["python3", "python", "py"];
const TIMEOUT_MS = 10_000;
const SCRIPT = [
  "import json, platform, sysconfig",
  "paths = [sysconfig.get_path(name) for name in ('stdlib', 'platstdlib', 'purelib', 'platlib')]",
  "print(json.dumps([platform.python_version(), paths]))",
].join("\n");

/**
 * The first interpreter that answers. `commands` are names on the search path, or paths. Throws `StoreError`
 * of code `missing` if none does, `cancelled` if the signal fires.
 */
export async function findPython(
  commands: readonly string[] = COMMANDS,
  signal?: AbortSignal,
): Promise<PythonInstallation> {
  for (const command of commands) {
    const answer = await outputOf(command, ["-I", "-c", SCRIPT], { timeoutMs: TIMEOUT_MS, signal });
    if (signal?.aborted) throw storeError("cancelled", "The search for Python was cancelled.", "Try again.");
    const found = answer === undefined ? undefined : parse(answer);
    if (found) return found;
  }
  throw storeError(
    "missing",
    `No Python was found (tried ${commands.join(", ")}).`,
    "Install Python, or give the folder of its library in place of `python`.",
  );
}

function parse(answer: string): PythonInstallation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || typeof value[0] !== "string" || !Array.isArray(value[1])) return undefined;
  const paths = [...new Set(value[1].filter(path => typeof path === "string" && path !== ""))] as string[];
  const roots = paths.filter(path => !paths.some(outer => path !== outer && path.startsWith(outer + sep)));
  return roots.length > 0 ? { version: value[0], roots } : undefined;
}
