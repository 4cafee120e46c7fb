/**
 * Runs the probe of the back ends. It starts processes itself, and a driver may hang in any of them, so all of them are ended
 * together: on Windows by its own command, elsewhere as one process group.
 */
import { type ChildProcess, execFile, fork } from "node:child_process";

/**
 * What the probe answers; undefined if it fails or takes longer than `timeoutMs`.
 * @param script the bundled `probe.ts`
 */
export function runProbe(script: string, timeoutMs: number): Promise<unknown> {
  return new Promise(resolve => {
    const child = fork(script, { stdio: "ignore", detached: process.platform !== "win32" });
    let answer: unknown;
    const end = () => endTree(child);
    const late = setTimeout(() => {
      end();
      resolve(undefined);
    }, timeoutMs);
    process.once("exit", end);
    const over = () => {
      clearTimeout(late);
      process.off("exit", end);
      resolve(answer);
    };
    child.once("message", message => {
      answer = message;
    });
    child.once("error", over);
    child.once("exit", over);
  });
}

function endTree({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  if (process.platform === "win32") {
    execFile("taskkill", ["/PID", String(pid), "/T", "/F"], () => {});
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
