/** Lets a Node process report its memory, without a change to its code. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Bytes. */
export interface MemorySample {
  readonly pid: number;
  /** Since the process started. */
  readonly seconds: number;
  readonly rss: number;
  /** The part that belongs to no file; 0 if the system does not report it. */
  readonly anonymous: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

interface MemoryProbe {
  readonly nodeArguments: readonly string[];
  /** The samples of a process so far. Processes that it starts report theirs, too. */
  samples(pid: number | undefined): MemorySample[];
  /** A sample after collecting garbage; undefined if the process does not answer. */
  collected(pid: number | undefined): Promise<MemorySample | undefined>;
}

/** Longest wait for a process to collect its garbage. */
const PATIENCE_MS = 20_000;
/** After a collection, allocators return memory gradually. */
const SETTLE_MS = 1_500;

/** @param file the samples are written to @param everyMs between samples */
export function memoryProbe(file: string, everyMs: number): MemoryProbe {
  const collectedFile = `${file}.collected`;
  const script = `
    import { appendFileSync, readFileSync } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    const anonymous = () => {
      try {
        return 1024 * Number(/RssAnon:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0);
      } catch {
        return 0;
      }
    };
    const sample = path => appendFileSync(path, JSON.stringify(
      { pid: process.pid, seconds: process.uptime(), anonymous: anonymous(), ...process.memoryUsage() }) + "\\n");
    // Threads load this too, whose heaps are others.
    if (isMainThread) setInterval(() => sample(${JSON.stringify(file)}), ${everyMs}).unref();
    if (isMainThread) process.on("SIGUSR2", async () => {
      for (let i = 0; i < 3; i++) {
        globalThis.gc();
        await new Promise(resolve => setTimeout(resolve, ${SETTLE_MS / 3}));
      }
      sample(${JSON.stringify(collectedFile)});
    });`;
  const read = (path: string): MemorySample[] =>
    existsSync(path)
      ? readFileSync(path, "utf8")
          .split("\n")
          .filter(Boolean)
          .map(line => JSON.parse(line) as MemorySample)
      : [];
  return {
    nodeArguments: ["--expose-gc", "--import", `data:text/javascript,${encodeURIComponent(script)}`],
    samples: pid => read(file).filter(sample => sample.pid === pid),
    async collected(pid) {
      if (pid === undefined || process.platform === "win32") return undefined;
      writeFileSync(collectedFile, "");
      process.kill(pid, "SIGUSR2");
      for (let waited = 0; waited < PATIENCE_MS; waited += 100) {
        await sleep(100);
        const sample = read(collectedFile).at(-1);
        if (sample) return sample;
      }
      return undefined;
    },
  };
}
