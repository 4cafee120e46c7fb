/** Model files with damaged headers: the command line loads them or says why not, and does not hang or fill memory. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../server/system/paths.ts";
import { below } from "../../fakes/random.ts";
import { fixtureModelPath } from "../../fixtures/model.ts";
import { damaged, pick } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const MOST_MS = 60_000;
/** Most addresses that may be asked for, in kilobytes: a damaged size asks for terabytes, WebAssembly for 10 GB each time. */
const MOST_KILOBYTES = 96 * 1024 * 1024;
/** Sizes, names and types of metadata and tensors; the rest is text of tokens and weights. */
const REACHES = [64, 512, 4_096, 300_000];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env, timeout: MOST_MS });
    let errors = "";
    child.stderr.on("data", chunk => {
      errors += chunk;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, errors }));
  });
}

async function attempt(random: Random, model: Uint8Array, folder: string): Promise<void> {
  const path = join(folder, "damaged.gguf");
  const document = join(folder, "a.py");
  writeFileSync(path, damaged(model, random, pick(random, REACHES)));
  writeFileSync(document, "def f(a):\n    return \n");
  const script = join(packageRoot(), "dist", "cli.js");
  // A fresh home: what ended a process once must not be refused because of that.
  const home = join(folder, `home${below(random, 1e9)}`);
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: home, FORETOKEN_MODEL: "" };
  const limited = `ulimit -v ${MOST_KILOBYTES} && exec "$0" "$@"`;
  const args = [script, "complete", `${document}:2:12`, "--model", path];
  const ended = await within(MOST_MS, "loading", run("sh", ["-c", limited, process.execPath, ...args], env));
  // llama.cpp ends the process at some faults; the server remembers that (`loadAttempts.ts`).
  const wasEnded = ["SIGABRT", "SIGSEGV", "SIGFPE", "SIGBUS", "SIGILL"].includes(ended.signal ?? "");
  if (ended.code === 0 || wasEnded) return;
  assert.equal(ended.code, 1, `ended by ${ended.signal ?? ended.code}: ${ended.errors}`);
  assert.match(ended.errors, /foretoken: /);
  assert.doesNotMatch(ended.errors, /\n {4}at /, `a fault of ours: ${ended.errors}`);
}

export const gguf: FuzzTarget = {
  name: "gguf",
  async open(folder) {
    const model = readFileSync(fixtureModelPath());
    return { attempt: random => attempt(random, model, folder), close: async () => {} };
  },
};
