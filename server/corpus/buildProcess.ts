/** A build in a separate process: sorting millions of tokens would keep the server from answering. */
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { BuildReport, Damage } from "../protocol/index.ts";
import { commandLineScript } from "../system/index.ts";

interface BuildRequest {
  readonly source: string;
  readonly name: string;
  /** How many files of a data set are taken. */
  readonly first: number | undefined;
  /** Address of the hub; empty or absent: as in the environment. */
  readonly hub?: string | undefined;
  /** Access token for a hub, passed to the build in its environment: other users can see arguments. */
  readonly hubToken: string | undefined;
  readonly directory: string;
  readonly modelPath: string;
  /** Memory for the tokens under construction. */
  readonly memoryMegabytes: number;
  /** Whether the build gives way to everything else on the machine. */
  readonly background: boolean;
}

export type BuildOutcome =
  | { readonly tokens: number; readonly damage?: Damage }
  | {
      readonly problem: string;
      /** As in `StoreProblem`, where the build knows it. */
      readonly code?: string;
    };

/** The last line of a build that has failed. */
interface FailureReport {
  readonly phase: "failed";
  readonly code: string;
}

/** Characters. */
const KEPT_ERRORS = 4000;
/** How long a cancelled build may take to clean up. */
const PATIENCE_MS = 5_000;

/**
 * Runs `foretoken datastore build`. An abort ends it; the next build reuses what is finished.
 * @param script the command line
 */
export function runBuild(
  request: BuildRequest,
  onProgress: (report: BuildReport) => void,
  signal: AbortSignal,
  script = commandLineScript(),
): Promise<BuildOutcome> {
  const { source, name, first, hub, hubToken, directory, modelPath, memoryMegabytes, background } = request;
  const args = ["datastore", "build", "--source", source, "--out", directory, "--name", name];
  args.push("--model", modelPath, "--memory", String(memoryMegabytes), "--progress");
  if (first !== undefined) args.push("--first", String(first));
  if (background) args.push("--threads", "1");
  return new Promise(resolve => {
    const child = spawn(process.execPath, [script, ...args], {
      env: {
        ...process.env,
        ELECTRON_RUN_AS_NODE: "1",
        ...(hub && { HF_ENDPOINT: hub }),
        ...(hubToken === undefined ? {} : { HF_TOKEN: hubToken }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let outcome: BuildOutcome = { problem: "The build ended without a result." };
    let failure: FailureReport | undefined;
    let errors = "";
    if (background && child.pid !== undefined) giveWay(child.pid);
    const cancel = () => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS).unref();
    };
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    createInterface({ input: child.stdout }).on("line", line => {
      const report = parse(line);
      if (report?.phase === "done") outcome = done(report);
      else if (report?.phase === "failed") failure = report;
      else if (report) onProgress(report);
    });
    child.stderr.on("data", chunk => {
      errors = `${errors}${chunk}`.slice(-KEPT_ERRORS);
    });
    child.once("error", error => resolve({ problem: error.message }));
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", cancel);
      if (signal.aborted) resolve({ problem: "The build was cancelled." });
      else if (code === 0) resolve(outcome);
      else
        resolve({
          problem: problemIn(errors, killedBy ?? `code ${code}`),
          ...(failure && { code: failure.code }),
        });
    });
  });
}

/** The error that a failed build reported; the runtime may have written warnings before it. @param end how it ended */
function problemIn(errors: string, end: string): string {
  const at = errors.lastIndexOf("foretoken: ");
  const reported = at < 0 ? errors : errors.slice(at + "foretoken: ".length);
  return reported.trim() || `The build ended with ${end}.`;
}

function parse(line: string): BuildReport | FailureReport | undefined {
  try {
    const report = JSON.parse(line) as Partial<
      Record<keyof BuildReport | keyof FailureReport, unknown>
    > | null;
    if (report?.phase === "failed")
      return typeof report.code === "string" ? { phase: report.phase, code: report.code } : undefined;
    const isReport = typeof report?.phase === "string" && Number.isSafeInteger(report.tokens);
    return isReport ? (report as unknown as BuildReport) : undefined;
  } catch {
    return undefined; // Not a report: a warning of the runtime.
  }
}

const done = ({ tokens, damage }: BuildReport): BuildOutcome => ({
  tokens,
  ...(damage && damage.count > 0 && { damage }),
});

function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // The build has ended already, or the system does not allow a lower priority: it then runs with the normal one.
  }
}
