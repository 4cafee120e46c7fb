/** Whether two model files have the same tokens, asked of a process that may end over either. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What `compareTokens.ts` says of models whose tokens stand for the same texts. */
export const SAME_TOKENS = "same";
/** Vocabularies load within a second, on a busy machine in some. */
const TIMEOUT_MS = 15_000;

/** False also where a file cannot be read. @param script the bundled `compareTokens.ts` */
export async function filesHaveSameTokens(path: string, other: string, script: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, path, other], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    return stdout.trim() === SAME_TOKENS;
  } catch {
    return false; // It is none that llama.cpp can load.
  }
}
