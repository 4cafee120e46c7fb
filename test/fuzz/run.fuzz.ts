/** `npm run fuzz -- --minutes N [--seed N] [--target NAME] [--case N]`: prints what failed, and how to repeat it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { again, fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets/index.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    target: { type: "string" },
    case: { type: "string" },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0)
  throw new Error(
    `There is no target ${values.target}; there are ${TARGETS.map(({ name }) => name).join(", ")}.`,
  );
const folder = mkdtempSync(join(tmpdir(), "foretoken-fuzz-"));
console.log(`seed ${seed}`);
try {
  const tried = await fuzz(targets, {
    seed,
    folder,
    seconds: 60 * Number(values.minutes),
    only: values.case === undefined ? undefined : Number(values.case),
    onFailure(failure) {
      console.error(
        `\n${failure.target} failed: ${failure.error.stack ?? failure.error}\n${again(failure, seed)}`,
      );
      process.exitCode = 1;
    },
  });
  for (const { name, cases, failures, ms } of tried)
    console.log(`${name.padEnd(10)} ${cases} cases, ${failures} failed, ${(ms / 1000).toFixed(0)} s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// What a failed case has left running must not keep the process.
process.exit();
