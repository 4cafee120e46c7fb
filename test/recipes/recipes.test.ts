/**
 * The recipes of `datastores/recipes` build the same store as one machine, though a worker of each is killed in the middle.
 * Wants a Python with `requirements.txt` (FORETOKEN_RECIPES_PYTHON names it) and, for Spark, Java.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { readStore, repeatedIn } from "../../datastores/build/index.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { FakeHub } from "../fakes/hub.ts";
import { seeded } from "../fakes/random.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

const SHARES = 6;
const PYTHON = process.env.FORETOKEN_RECIPES_PYTHON ?? "python3";
const recipes = join(packageRoot(), "datastores", "recipes");
const folder = mkdtempSync(join(tmpdir(), "foretoken-recipes-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const foretoken = join(folder, "foretoken");
const source = "hub:owner/code:*.jsonl";
const run = promisify(execFile);
let hub: FakeHub;

/** Lines of files of code, with some files that another input has too, whole or nearly. */
function corpus(): Record<string, Buffer> {
  const random = seeded(1);
  const letter = (letters: string) => letters.charAt(Math.floor(random() * letters.length));
  const syllable = () => letter("bcdfghklmnprstvz") + letter("aeiou");
  const words = Array.from({ length: 3000 }, () => `${syllable()}${syllable()}_${syllable()}${syllable()}`);
  const word = () => words[Math.floor(random() * words.length)];
  const code = () =>
    Array.from({ length: 150 }, () => `    ${word()} = ${word()}(${word()}, ${word()}.${word()})`).join("\n");
  const shared = Array.from({ length: 20 }, code);
  return Object.fromEntries(
    Array.from({ length: 2 * SHARES }, (_, input) => {
      const own = Array.from({ length: 400 }, code);
      const near = shared.map((text, i) => (i % 2 === 0 ? text : `${text}\n# as in input ${input}`));
      const lines = [...own, ...near].map(content => JSON.stringify({ content }));
      return [`part-${String(input).padStart(2, "0")}.jsonl`, Buffer.from(`${lines.join("\n")}\n`)];
    }),
  );
}

/** What a store answers: its shards in their order, and what is left out of searches. */
const answers = (store: string) => {
  const { build, shards } = readStore(store);
  return { shards, repeated: repeatedIn(store, build) };
};

const whole = join(folder, "whole");

before(async () => {
  hub = await FakeHub.start("owner/code", corpus(), 100);
  const settings = {
    HF_ENDPOINT: hub.url,
    FORETOKEN_MODEL: fixtureModelPath(),
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const exported = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  const command = `exec '${process.execPath}' '${join(packageRoot(), "dist", "cli.js")}' "$@"`;
  writeFileSync(foretoken, ["#!/bin/sh", ...exported, command, ""].join("\n"), { mode: 0o755 });
  await run(foretoken, ["datastore", "build", "--source", source, "--out", whole, "--memory", "64"]);
  assert.ok(Object.values(answers(whole).repeated).flat().length > 100, "inputs repeat each other");
});
after(() => hub.close());

const options = ["--memory", "64", "--threads", "1"];
/** Whether a share of a store is finished and another one has begun. */
function isInTheMiddle(store: string): boolean {
  const files = existsSync(store) ? readdirSync(store) : [];
  return [/^manifest-.*\.json$/, /^journal-.*\.json$/].every(wanted => files.some(name => wanted.test(name)));
}

/** The processes whose command line has a word, with their command lines. */
async function processes(word: string): Promise<number[]> {
  const { stdout } = await run("ps", ["-eo", "pid,args", "-ww"]);
  return stdout
    .split("\n")
    .filter(line => line.includes(word) && !line.includes("ps -eo"))
    .map(line => Number(line.trim().split(" ")[0]));
}

/** Kills one of the processes that have a word in their command line, once a share is finished and another one has begun. */
async function killInTheMiddle(store: string, word: string, running: ChildProcess): Promise<void> {
  for (;;) {
    assert.equal(running.exitCode, null, "it ended before a worker could be killed");
    const [first] = isInTheMiddle(store) ? await processes(word) : [];
    if (first !== undefined) {
      process.kill(first, "SIGKILL");
      return;
    }
    await pause(20);
  }
}

/** Waits for a process and returns its status and what it wrote. */
async function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", chunk => {
      output += chunk;
    });
  const code = await new Promise<number | null>(resolve => child.on("close", resolve));
  return { code, output };
}

async function checkEqual(store: string): Promise<void> {
  await run(foretoken, ["datastore", "verify", store]);
  assert.deepEqual(answers(store), answers(whole));
}

const environment = { ...process.env, FORETOKEN: foretoken, PYSPARK_PYTHON: PYTHON };

test("Spark: the store equals one built on a single machine although an executor is killed", async () => {
  const store = join(folder, "spark");
  const master = "local-cluster[2,1,1024]";
  const submitted = [
    ["-m", "pyspark.find_spark_home"],
    ["--master", master, join(recipes, "sparkBuild.py")],
    ["--source", source, "--out", store, "--shares", String(SHARES), ...options],
  ] as const;
  const { stdout: home } = await run(PYTHON, [...submitted[0]], { env: environment });
  const child = spawn(join(home.trim(), "bin", "spark-submit"), [...submitted[1], ...submitted[2]], {
    env: { ...environment, SPARK_HOME: home.trim() },
    cwd: folder,
  });
  const done = ended(child);
  await killInTheMiddle(store, "CoarseGrainedExecutorBackend", child);
  const { code, output } = await done;
  assert.equal(code, 0, output.slice(-4000));
  assert.match(output, /ExecutorLostFailure|Lost executor|lost/i);
  await checkEqual(store);
});

test("Dask: the store equals one built on a single machine although a worker is killed", async () => {
  const store = join(folder, "dask");
  const local = ["--host", "127.0.0.1", "--no-dashboard"];
  const scheduler = spawn(PYTHON, ["-m", "distributed.cli.dask_scheduler", ...local, "--port", "8786"], {
    cwd: folder,
  });
  const address = "tcp://127.0.0.1:8786";
  const worker = () =>
    spawn(PYTHON, ["-m", "distributed.cli.dask_worker", address, ...local, "--nthreads", "1", "--no-nanny"], {
      cwd: folder,
    });
  const workers = [worker(), worker()];
  try {
    const child = spawn(
      PYTHON,
      [
        ...[join(recipes, "daskBuild.py"), "--scheduler", address, "--source", source, "--out", store],
        ...["--shares", String(SHARES), ...options],
      ],
      { env: environment, cwd: folder },
    );
    const done = ended(child);
    await killInTheMiddle(store, "distributed.cli.dask_worker", child);
    const { code, output } = await done;
    assert.equal(code, 0, output.slice(-4000));
    await checkEqual(store);
  } finally {
    for (const each of [...workers, scheduler]) each.kill("SIGKILL");
  }
});

/** Runs the tasks of a recipe two at a time as a scheduler does, with one killed and restarted. */
async function schedule(store: string, start: (index: number) => ChildProcess): Promise<void> {
  const killed = 2;
  const task = async (index: number) => {
    const child = start(index);
    const done = ended(child);
    if (index === killed) {
      await killInTheMiddle(store, `auto/${SHARES}`, child);
      await done;
      const { code, output } = await ended(start(index));
      assert.equal(code, 0, output);
      return;
    }
    const { code, output } = await done;
    // The one that was killed may have been this one.
    if (code === null || code === 137) assert.equal((await ended(start(index))).code, 0);
    else assert.equal(code, 0, output);
  };
  for (let index = 0; index < SHARES; index += 2) await Promise.all([task(index), task(index + 1)]);
}

test("Slurm: the store equals one built on a single machine although an array task is killed and requeued", async () => {
  const store = join(folder, "slurm");
  const script = readFileSync(join(recipes, "slurm.sh"), "utf8");
  assert.match(script, /^#SBATCH --array=0-143%16$/m);
  assert.match(script, /^#SBATCH --requeue$/m);
  // A stand-in for srun, which runs a job step directly.
  const path = join(folder, "bin");
  await run("mkdir", ["-p", path]);
  writeFileSync(join(path, "srun"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  await schedule(store, index =>
    spawn("sh", [join(recipes, "slurm.sh")], {
      env: {
        ...environment,
        PATH: `${path}:${process.env.PATH}`,
        SOURCE: source,
        OUT: store,
        MODEL: fixtureModelPath(),
        SLURM_ARRAY_TASK_ID: String(index),
        SLURM_ARRAY_TASK_COUNT: String(SHARES),
        SLURM_CPUS_PER_TASK: "1",
        MEMORY_MB: "64",
      },
    }),
  );
  await checkEqual(store);
});

test("Kubernetes: the job is valid, and its store equals one built on a single machine although a pod is killed", async () => {
  const store = join(folder, "kubernetes");
  const file = join(recipes, "kubernetes.yaml");
  const read = [
    "import json, sys, yaml, kubernetes_validate",
    "job = yaml.safe_load(open(sys.argv[1]))",
    "kubernetes_validate.validate(job, '1.30', strict=True)",
    "print(json.dumps(job))",
  ].join("\n");
  const { stdout } = await run(PYTHON, ["-c", read, file]);
  const { completions, completionMode, template } = JSON.parse(stdout).spec;
  const [container] = template.spec.containers;
  assert.equal(completionMode, "Indexed");
  assert.ok(container.args.includes(`auto/${completions}`));
  const here = new Map([
    [`auto/${completions}`, `auto/${SHARES}`],
    ["the-stack-dedup", source],
    ["/stores/stack", store],
    ["/models/model.gguf", fixtureModelPath()],
    ["2048", "64"],
  ]);
  const [, , ...command] = container.command as string[];
  const args = [...command, ...(container.args as string[]).map(each => here.get(each) ?? each)];
  await schedule(store, index =>
    spawn(foretoken, args, { env: { ...environment, JOB_COMPLETION_INDEX: String(index) } }),
  );
  await checkEqual(store);
});
