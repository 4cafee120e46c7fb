/**
 * Runs Python written by a model: in a separate process and folder, with an empty environment, limits of time,
 * memory and files, and without network if the system lets an ordinary process disconnect itself.
 * This protects against accidents, not against malice.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../server/system/index.ts";

const SECONDS = 5;
const MEMORY_BYTES = 2 ** 31;

/** Sets limits where the platform has them, then runs the program it is given. */
const LAUNCHER = `
try:
    import resource
    for name, limit in (("CPU", ${SECONDS}), ("AS", ${MEMORY_BYTES}), ("FSIZE", 1 << 20), ("NOFILE", 32), ("CORE", 0)):
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, limit))
except ImportError:
    pass
exec(compile(open("program.py", encoding="utf-8").read(), "program.py", "exec"), {"__name__": "__main__"})
`;

export interface Sandbox {
  /** Whether programs are cut off from the network. */
  readonly withoutNetwork: boolean;
  /** Whether a program reaches its last line and ends without an error. */
  passes(program: string): Promise<boolean>;
}

/** Throws UsageError if there is no Python. */
export function openSandbox(): Sandbox {
  const python = process.platform === "win32" ? "python" : "python3";
  const runs = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (!runs(python, ["--version"])) throw new UsageError(`pass@1 needs ${python} on the PATH.`);
  const apart = [["-n"], ["-rn"]].find(flags => runs("unshare", [...flags, python, "--version"]));
  const command = apart ? "unshare" : python;
  const args = [...(apart ? [...apart, python] : []), "-I", "-B", "-c", LAUNCHER];
  return {
    withoutNetwork: apart !== undefined,
    async passes(program) {
      const folder = mkdtempSync(join(tmpdir(), "foretoken-sandbox-"));
      // A program that exits early must not pass for one that has completed its tests.
      const reached = randomUUID();
      writeFileSync(join(folder, "program.py"), `${program}\nprint("${reached}")\n`);
      try {
        return (await output(command, args, folder)).trimEnd().endsWith(reached);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** The output of a process until it ends or is ended; its last 64 kB. */
function output(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const PATH = process.env.PATH ?? "";
    const child = spawn(command, args, {
      cwd,
      env: { PATH },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 2 * SECONDS * 1000,
      killSignal: "SIGKILL",
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed = (printed + chunk.toString("utf8")).slice(-65_536);
    });
    child.once("error", reject);
    child.once("close", code => resolve(code === 0 ? printed : ""));
  });
}
