/** Programs of the system that are asked for something without the user having asked for it. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

interface RunOptions {
  readonly timeoutMs: number;
  /** Of its output; more ends it. */
  readonly mostBytes?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** Where macOS has what stands in for developer tools, and what tells whether these are installed. */
interface StandIns {
  readonly folder: string;
  readonly selector: string;
}

const APPLE: StandIns = { folder: "/usr/bin", selector: "/usr/bin/xcode-select" };
const SELECTOR_MS = 5_000;

/**
 * The output of a program; undefined where it is not there, fails, takes too long or says too much. It is not run in the
 * working folder: Windows would look for it there first.
 * @param standIns on macOS
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: RunOptions,
  standIns = process.platform === "darwin" ? APPLE : undefined,
): Promise<string | undefined> {
  if (standIns && isStandIn(command, standIns) && !(await hasTools(standIns))) return undefined;
  return run(command, args, options);
}

/** Whether a command is one of those that offer, in a window, to install the developer tools where these are not there. */
function isStandIn(command: string, { folder }: StandIns): boolean {
  if (command.includes("/")) return dirname(command) === folder;
  const found = (process.env.PATH ?? "").split(delimiter).find(each => isProgram(join(each, command)));
  return found !== undefined && resolve(found) === folder;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Selectors that have said that the tools are installed. */
const withTools = new Set<string>();

/** Asks the selector, which opens no window, until the tools are there. */
async function hasTools({ selector }: StandIns): Promise<boolean> {
  if (withTools.has(selector)) return true;
  const output = await run(selector, ["-p"], { timeoutMs: SELECTOR_MS });
  if (output !== undefined) withTools.add(selector);
  return output !== undefined;
}

function run(
  command: string,
  args: readonly string[],
  { timeoutMs, mostBytes, environment, signal }: RunOptions,
): Promise<string | undefined> {
  const options = {
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    windowsHide: true,
    cwd: dirname(process.execPath),
    ...(mostBytes !== undefined && { maxBuffer: mostBytes }),
    ...(environment && { env: environment }),
    ...(signal && { signal }),
  } as const;
  return new Promise(resolve => {
    execFile(command, args, options, (error, output) => resolve(error ? undefined : output));
  });
}
