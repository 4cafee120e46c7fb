/** The server's process, from its start to its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { SERVER_NODE_ARGUMENTS } from "../server/protocol/index.ts";
import type { Environment } from "./proxyEnvironment.ts";

/** Longest time until a process that is asked to end is killed. */
const ENDING_MS = 2_000;
/** Longest time from the start of a process to its first answer, on a busy machine with a slow disk. */
const STARTING_MS = 60_000;

export class ServerProcess {
  /** The process while it is wanted: if it ends then, it has crashed. */
  private child: ChildProcess | undefined;
  private hasAnswered = false;
  private limit: NodeJS.Timeout | undefined;
  private reportEnd: (error: Error) => void = () => {};
  /** Rejects once the process has ended by itself, or its start was given up. */
  readonly over = new Promise<never>((_resolve, reject) => {
    this.reportEnd = reject;
  });

  /** @param crashed is called once if the process ends by itself, cannot be started, or does not answer in time */
  constructor(
    private readonly crashed: (how: string) => void,
    private readonly startingMs = STARTING_MS,
  ) {
    this.over.catch(() => {});
  }

  /** The id of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.child?.exitCode === null ? this.child.pid : undefined;
  }

  /**
   * @param script the server's bundle @param program runs it as plain Node: the host's own binary, so that no Node needs to be
   * installed
   */
  start(script: string, environment: Environment = process.env, program = process.execPath): ChildProcess {
    const { FORETOKEN_SERVER_INSPECT: port } = process.env;
    const inspect = port ? [`--inspect=127.0.0.1:${port}`] : [];
    let child: ChildProcess;
    try {
      child = spawn(program, [...SERVER_NODE_ARGUMENTS, ...inspect, script, "--stdio"], {
        env: { ...environment, ELECTRON_RUN_AS_NODE: "1" },
        stdio: "pipe",
      });
    } catch (error) {
      // Some failures are no event.
      this.crashed((error as Error).message);
      throw error;
    }
    this.child = child;
    child.once("exit", (code, signal) => this.lost(child, signal ?? `exit code ${code}`));
    child.once("error", ({ message }) => this.lost(child, message));
    this.limit = setTimeout(() => {
      this.lost(child, `no answer in ${this.startingMs / 1000} s`);
      child.kill("SIGKILL");
    }, this.startingMs);
    return child;
  }

  /** To be called when the server has answered for the first time, be it with an error. */
  answered(): void {
    this.hasAnswered = true;
    clearTimeout(this.limit);
  }

  /** Ends the process at once if it has not answered yet: it may never do so. */
  giveUp(): void {
    if (this.hasAnswered) return;
    this.release()?.kill("SIGKILL");
    this.reportEnd(new Error("its start was given up"));
  }

  /**
   * Ends the process. Resolves when it is gone, unless it was given up or lost before.
   * @param ask asks the server to end by itself within a time; if it fails or takes longer, the process is ended all the same
   */
  async end(ask: (timeoutMs: number) => Promise<void>): Promise<void> {
    const child = this.release();
    const tooLong = sleep(ENDING_MS, undefined, { ref: false });
    await Promise.race([ask(ENDING_MS), tooLong]).catch(() => {});
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise(resolve => child.once("exit", resolve));
    child.kill();
    const forced = setTimeout(() => child.kill("SIGKILL"), ENDING_MS);
    await gone;
    clearTimeout(forced);
  }

  private lost(child: ChildProcess, how: string): void {
    if (this.child !== child) return;
    this.release();
    this.reportEnd(new Error(how));
    this.crashed(how);
  }

  /** The process, which is not wanted any more. */
  private release(): ChildProcess | undefined {
    const { child } = this;
    this.child = undefined;
    clearTimeout(this.limit);
    return child;
  }
}
