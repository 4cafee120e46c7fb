import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runProbe } from "../../../../server/engine/runProbe.ts";
import { until } from "../../../fakes/until.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-probe-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function script(name: string, code: string): string {
  const path = join(scratch, `${name}.mjs`);
  writeFileSync(path, code);
  return path;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0) && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

test("the answer of the probe is returned, and nothing if it ends without one", async () => {
  const answers = script("answers", 'process.send("cpu", () => process.exit());');
  assert.equal(await runProbe(answers, 30_000), "cpu");
  assert.equal(await runProbe(script("fails", "process.abort();"), 30_000), undefined);
  assert.equal(await runProbe(join(scratch, "absent.mjs"), 30_000), undefined);
});

test("a probe that hangs is ended with the processes that it has started", async t => {
  if (process.platform !== "linux") return t.skip("processes are looked up in /proc");
  const note = join(scratch, "pid");
  const hangs = script(
    "hangs",
    `import { spawn } from "node:child_process";
     import { writeFileSync } from "node:fs";
     writeFileSync(${JSON.stringify(note)}, String(spawn("sleep", ["60"]).pid));`,
  );
  assert.equal(await runProbe(hangs, 1_500), undefined);
  assert.ok(existsSync(note), "the probe has started a process");
  const pid = Number(readFileSync(note, "utf8"));
  await until("the end of what the probe started", () => !isAlive(pid), 5_000);
});
