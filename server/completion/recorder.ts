/** Writes request records to a file, for benchmarks and reports. */

import { appendFileSync } from "node:fs";
import type { RequestRecord } from "../protocol/index.ts";
import { messageOf } from "../system/index.ts";

/** Appends each request's end to `file`, which `FORETOKEN_RECORD` names, as a line of JSON. Undefined without a file. */
export function recorder(file: string | undefined): ((record: RequestRecord) => void) | undefined {
  if (!file) return undefined;
  return record => {
    try {
      // Suggested text is the user's own concern.
      appendFileSync(file, `${JSON.stringify({ at: Date.now(), ...record })}\n`, { mode: 0o600 });
    } catch (error) {
      process.stderr.write(`FORETOKEN_RECORD: ${file} cannot be written: ${messageOf(error)}\n`);
    }
  };
}
