/**
 * Which prebuilt llama.cpp runs here, and where its libraries lie.
 *
 * node-llama-cpp decides, in a process of its own (`probe.ts`): a broken graphics driver can then not
 * take the server down, and its import stays off the start-up path. The decision is remembered; it is
 * made anew in the background after each start, so a driver installed later is found by the next one.
 */
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { codeOf, librariesDirectory, writeWhole } from "../system/index.ts";
import type { EngineProblem } from "./engine.ts";
import { EXPECTED_RELEASE } from "./libllama.ts";
import { type LoadAttempt, LoadAttempts } from "./loadAttempts.ts";

const BACKENDS = ["cpu", "cuda", "vulkan", "metal"] as const;
type BackendName = (typeof BACKENDS)[number];
/** `auto` leaves the choice to node-llama-cpp. */
type RequestedBackend = "auto" | BackendName;

export interface Backend {
  readonly name: BackendName;
  /** Folder of the shared libraries. */
  readonly directory: string;
  /** The better back end that is not used because loading it has ended the process repeatedly. */
  readonly insteadOf?: BackendName;
  /** The back end whose libraries these are, if it found no device to run on. */
  readonly withoutDevice?: BackendName;
}

export interface BackendOptions {
  readonly requestedBackend: RequestedBackend;
  /** Folder in which the decision is remembered. */
  readonly cacheDirectory: string;
  /** The bundled `probe.ts`. */
  readonly probeScript: string;
}

const PLATFORM: Partial<Record<NodeJS.Platform, string>> = { win32: "win", darwin: "mac", linux: "linux" };
const PROBE_TIMEOUT_MS = 60_000;

/** Folder names of a back end's libraries on this platform, the likelier first. */
function folderNames(name: BackendName): string[] {
  const base = `${PLATFORM[process.platform] ?? process.platform}-${process.arch === "arm" ? "armv7l" : process.arch}`;
  // On Apple silicon one build serves both; the CPU is then a matter of how many layers are offloaded.
  return name === "cpu" ? [base, `${base}-metal`] : [`${base}-${name}`];
}

/** Where the package of a back end is installed, or undefined. */
export function findBackend(name: BackendName): Backend | undefined {
  const here = createRequire(import.meta.url);
  for (const folder of folderNames(name)) {
    try {
      const fromLibrary = createRequire(here.resolve("node-llama-cpp"));
      const entry = fromLibrary.resolve(`@node-llama-cpp/${folder}`);
      return { name, directory: join(dirname(entry), "..", "bins", folder) };
    } catch (error) {
      if (codeOf(error) !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

/** Libraries that were fetched for this release, or undefined. */
function fetchedBackend(name: BackendName, cacheDirectory: string): Backend | undefined {
  for (const folder of folderNames(name)) {
    const directory = join(librariesDirectory(cacheDirectory), EXPECTED_RELEASE, folder, "bins", folder);
    if (existsSync(directory)) return { name, directory };
  }
  return undefined;
}

function missing(name: BackendName): EngineProblem {
  return {
    code: "backendMissing",
    message: `llama.cpp for ${name} is not installed (${folderNames(name).join(" or ")}).`,
    remedy: 'Set "foretoken.backend" to "auto", or install the Foretoken package made for this platform.',
  };
}

/** The back end to load now. */
export async function chooseBackend(options: BackendOptions): Promise<Backend | EngineProblem> {
  const { requestedBackend } = options;
  const find = (name: BackendName) => findBackend(name) ?? fetchedBackend(name, options.cacheDirectory);
  if (requestedBackend !== "auto") return find(requestedBackend) ?? missing(requestedBackend);
  // Fetched because a person has agreed to it; node-llama-cpp does not know of them.
  const fetched = fetchedBackend("cuda", options.cacheDirectory);
  const name = fetched?.name ?? readDecision(options.cacheDirectory) ?? (await decide(options)) ?? "cpu";
  const cpu = findBackend("cpu") ?? missing("cpu");
  if (name !== "cpu" && new LoadAttempts(options.cacheDirectory).isDistrusted(subjectOf(name)))
    return "remedy" in cpu ? cpu : { ...cpu, insteadOf: name };
  return find(name) ?? cpu;
}

/** What names a back end's libraries among load attempts. */
const subjectOf = (name: BackendName) => `back end ${name} ${EXPECTED_RELEASE}`;

/**
 * Notes that a back end is about to be loaded. If the process ends before the attempt does, as with a broken graphics
 * driver, the attempt counts against the back end at the next start.
 */
export function watchLoading(
  { name }: Backend,
  { requestedBackend, cacheDirectory }: BackendOptions,
): LoadAttempt {
  if (requestedBackend !== "auto" || name === "cpu") return UNWATCHED;
  return new LoadAttempts(cacheDirectory).begin(subjectOf(name));
}

const UNWATCHED: LoadAttempt = { ended() {}, succeeded() {} };

/** Asks node-llama-cpp and remembers the answer; undefined when the probe fails. */
export async function decide(options: BackendOptions): Promise<BackendName | undefined> {
  const name = await runProbe(options.probeScript);
  if (name) writeDecision(options.cacheDirectory, name);
  return name;
}

function runProbe(script: string): Promise<BackendName | undefined> {
  return new Promise(resolve => {
    const child = fork(script, { stdio: "ignore", timeout: PROBE_TIMEOUT_MS });
    let answer: BackendName | undefined;
    child.once("message", message => {
      answer = message as BackendName;
    });
    child.once("error", () => resolve(undefined));
    child.once("exit", () => resolve(answer));
  });
}

const decisionFile = (directory: string) => join(directory, "backend.json");
const decisionKey = `${EXPECTED_RELEASE} ${process.platform} ${process.arch}`;

function readDecision(directory: string): BackendName | undefined {
  try {
    const { key, name } = JSON.parse(readFileSync(decisionFile(directory), "utf8"));
    return key === decisionKey ? BACKENDS.find(each => each === name) : undefined;
  } catch {
    return undefined; // Absent or damaged: decide again.
  }
}

function writeDecision(directory: string, name: BackendName): void {
  try {
    writeWhole(decisionFile(directory), JSON.stringify({ key: decisionKey, name }));
  } catch {
    // A read-only home costs a probe at each start and nothing else.
  }
}
