/** Runs programs of the system that the user did not explicitly ask for. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

interface RunOptions {
  readonly timeoutMs: number;
  /** Limit of the program's output; more ends it. */
  readonly mostBytes?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** Where macOS keeps the placeholders of developer tools, and the program that tells whether the tools are installed. */
interface StandIns {
  readonly folder: string;
  readonly selector: string;
}

const APPLE: StandIns = { folder: "/usr/bin", selector: "/usr/bin/xcode-select" };
const SELECTOR_MS = 5_000;

/**
 * The output of a program; undefined if it does not exist, fails, takes too long or prints too much. It is not run in
 * the working folder, where Windows would search for it first.
 * @param standIns placeholders on macOS
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

/** Whether a command is a placeholder that opens a window to offer installing the missing developer tools. */
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
