/** Runs a bundled script in a separate process, which may crash or hang on its input. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * The script's output; "late" if it did not end in time, undefined if it failed.
 * @param args options of Node, the script, and what it is given
 */
export async function askScript(
  args: readonly string[],
  timeoutMs: number,
): Promise<{ readonly said: string } | "late" | undefined> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    return { said: stdout.trim() };
  } catch (error) {
    return (error as { readonly killed?: boolean }).killed === true ? "late" : undefined;
  }
}
