/** A small corpus of Python, made of functions. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Stands in each file of the corpus, and in no other code. */
export const UNUSUAL =
  "def reticulate_splines(quantum, flux):\n    return quantum.reticulate(flux, splines=True)\n";

/** Writes thirty files into a new folder, and returns its path. */
export function writeFunctions(path: string): string {
  mkdirSync(path);
  for (let i = 0; i < 30; i++)
    writeFileSync(
      join(path, `module${i}.py`),
      `import os\nimport sys\n\n\ndef function_${i}(path, mode=${i}):\n    with open(path) as handle:\n        return handle.read(${i})\n\n\n${UNUSUAL}`,
    );
  return path;
}
