/** Whether two model files have the same tokens; a separate process compares them, since either file may end it. */
import { askScript } from "./askScript.ts";

/** What `compareTokens.ts` says of models whose tokens stand for the same texts. */
export const SAME_TOKENS = "same";
/** Vocabularies load within a second, on a busy machine within a few. */
const TIMEOUT_MS = 15_000;

/** False also where a file cannot be read. @param script the bundled `compareTokens.ts` */
export async function filesHaveSameTokens(path: string, other: string, script: string): Promise<boolean> {
  const asked = await askScript([script, path, other], TIMEOUT_MS);
  // If the process failed, llama.cpp cannot load one of them.
  return typeof asked === "object" && asked.said === SAME_TOKENS;
}
