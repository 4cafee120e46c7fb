/**
 * Which prebuilt llama.cpp runs here, and where its libraries are.
 *
 * node-llama-cpp decides, in a separate process (`probe.ts`), so that a broken graphics driver cannot end the server and the
 * import does not delay the start. The decision is remembered. It is made again in the background after each start, so the next
 * start finds a driver that was installed later.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { codeOf, hasNvidiaDriver, librariesDirectory, writeWhole } from "../system/index.ts";
import type { EngineProblem } from "./engine.ts";
import { EXPECTED_RELEASE } from "./libllama.ts";
import { type LoadAttempt, LoadAttempts } from "./loadAttempts.ts";
import { runProbe } from "./runProbe.ts";

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
  /** The back end that was to be used, if its libraries do not open or find no device to run on. */
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
/** The same while a completion waits for the answer. */
const START_PROBE_TIMEOUT_MS = 15_000;
/** A probe that failed is tried again after this time: the machine may have been changed since. */
const FAILURE_MEMORY_MS = 24 * 60 * 60_000;

/** This platform as node-llama-cpp names it. */
const base = `${PLATFORM[process.platform] ?? process.platform}-${process.arch === "arm" ? "armv7l" : process.arch}`;

const WITH_CARDS = ["cpu", "cuda", "vulkan"] as const;
/** The platforms for which node-llama-cpp builds more than the CPU's back end. */
const BUILT: Readonly<Record<string, readonly BackendName[]>> = {
  "linux-x64": WITH_CARDS,
  "win-x64": WITH_CARDS,
  "mac-arm64": ["cpu", "metal"],
};

/** Folder names of a back end's libraries on this platform, the likelier first. */
function folderNames(name: BackendName): string[] {
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

/** Why a back end's libraries are not here. @param platform as node-llama-cpp names it */
export function missing(name: BackendName, platform = base): EngineProblem {
  const code = "backendMissing";
  const built = BUILT[platform] ?? ["cpu"];
  if (!built.includes(name))
    return {
      code,
      message: `There is no llama.cpp for ${name} on this platform (${platform}). Its back ends: ${built.join(", ")}.`,
      remedy: `Set "foretoken.backend" to ${built.map(each => `"${each}"`).join(", ")} or "auto".`,
    };
  const fetching = "with it, VS Code offers to fetch CUDA's libraries if the machine has an NVIDIA card";
  return {
    code,
    message: `llama.cpp for ${name} is not installed (${folderNames(name).join(" or ")}).`,
    remedy: `Set "foretoken.backend" to "auto"${name === "cuda" ? `: ${fetching}` : ", or install the Foretoken package made for this platform"}.`,
  };
}

/**
 * The back end to load now.
 * @param probeMs after which a probe that does not answer is given up
 * @param hasDriver whether CUDA's libraries may find a card
 */
export async function chooseBackend(
  options: BackendOptions,
  probeMs = START_PROBE_TIMEOUT_MS,
  hasDriver: () => boolean = hasNvidiaDriver,
): Promise<Backend | EngineProblem> {
  const { requestedBackend, cacheDirectory } = options;
  const find = (name: BackendName) => findBackend(name) ?? fetchedBackend(name, cacheDirectory);
  if (requestedBackend !== "auto") return find(requestedBackend) ?? missing(requestedBackend);
  const lacksDevice = (name: BackendName) => remembered(noDeviceFile(cacheDirectory, name)) !== undefined;
  // Fetched because a person has agreed to it; node-llama-cpp does not know of them.
  const fetched =
    hasDriver() && !lacksDevice("cuda") ? fetchedBackend("cuda", cacheDirectory)?.name : undefined;
  const known = fetched ?? remembered(decisionFile(cacheDirectory));
  const attempts = new LoadAttempts(cacheDirectory);
  const cpu = findBackend("cpu") ?? missing("cpu");
  if (known !== undefined && known !== "cpu" && attempts.isDistrusted(subjectOf(known)))
    return "remedy" in cpu ? cpu : { ...cpu, insteadOf: known };
  // If its driver may have ended another server, or found no card, a process of its own shows whether it works.
  const isDoubted =
    !fetched && known !== undefined && (attempts.wasInterrupted(subjectOf(known)) || lacksDevice(known));
  const name = known === undefined || isDoubted ? await decideNow(options, probeMs) : known;
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

/**
 * Remembers whether the back end of an automatic choice could be used: if not, as when the card was taken out or its driver
 * broke, the next start chooses anew.
 */
export function rememberDevice(
  { name }: Backend,
  isFound: boolean,
  { requestedBackend, cacheDirectory }: BackendOptions,
): void {
  if (requestedBackend !== "auto" || name === "cpu") return;
  const file = noDeviceFile(cacheDirectory, name);
  if (isFound) forget(file);
  else remember(file, { name, failedAt: Date.now() });
}

/** Forgets which back ends found no device, when a person asks for another try. */
export function forgetMissingDevices(cacheDirectory: string): void {
  for (const name of BACKENDS) forget(noDeviceFile(cacheDirectory, name));
}

const UNWATCHED: LoadAttempt = { ended() {}, succeeded() {} };

/** Asks node-llama-cpp while a completion waits. If it fails, the CPU serves, without another wait at the next start. */
async function decideNow(options: BackendOptions, probeMs: number): Promise<BackendName> {
  const name = await decide(options, probeMs);
  if (!name) remember(decisionFile(options.cacheDirectory), { name: "cpu", failedAt: Date.now() });
  return name ?? "cpu";
}

/** Asks node-llama-cpp and remembers the answer; undefined when the probe fails. */
export async function decide(
  options: BackendOptions,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<BackendName | undefined> {
  const answer = await runProbe(options.probeScript, timeoutMs);
  const name = BACKENDS.find(each => each === answer);
  if (name) remember(decisionFile(options.cacheDirectory), { name });
  return name;
}

const decisionFile = (directory: string) => join(directory, "backend.json");
const noDeviceFile = (directory: string, name: BackendName) => join(directory, `no-device-${name}.json`);
const decisionKey = `${EXPECTED_RELEASE} ${process.platform} ${process.arch}`;

interface Decision {
  readonly name: BackendName;
  /** When the probe failed or no device was found, in milliseconds since 1970; absent where the probe answered. */
  readonly failedAt?: number;
}

function remembered(file: string): BackendName | undefined {
  try {
    const { key, name, failedAt } = JSON.parse(readFileSync(file, "utf8"));
    const isOld = failedAt !== undefined && Math.abs(Date.now() - failedAt) > FAILURE_MEMORY_MS;
    return key === decisionKey && !isOld ? BACKENDS.find(each => each === name) : undefined;
  } catch {
    return undefined; // Absent or damaged: decide again.
  }
}

function remember(file: string, decision: Decision): void {
  try {
    writeWhole(file, JSON.stringify({ key: decisionKey, ...decision }));
  } catch {
    // A read-only home costs a probe at each start and nothing else.
  }
}

function forget(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It could not be written either, or costs a probe at each start and nothing else.
  }
}
