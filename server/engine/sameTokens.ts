/** Whether two model files have the same tokens, asked of a process that may end over either. */
import { askScript } from "./askScript.ts";

/** What `compareTokens.ts` says of models whose tokens stand for the same texts. */
export const SAME_TOKENS = "same";
/** Vocabularies load within a second, on a busy machine in some. */
const TIMEOUT_MS = 15_000;

/** False also where a file cannot be read. @param script the bundled `compareTokens.ts` */
export async function filesHaveSameTokens(path: string, other: string, script: string): Promise<boolean> {
  const asked = await askScript([script, path, other], TIMEOUT_MS);
  // Where it failed, one of them is none that llama.cpp can load.
  return typeof asked === "object" && asked.said === SAME_TOKENS;
}
