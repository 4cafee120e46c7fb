/** What a command says beside its result, and what becomes of one whose output cannot be written. */
import { codeOf, messageOf } from "../../datastores/index.ts";

interface Output {
  on(event: "error", listener: (error: unknown) => void): unknown;
  write(text: string): unknown;
}

/** The part of a process that a command writes to; tests give their own. */
interface WritingProcess {
  readonly stdout: Output;
  readonly stderr: Output;
  exit(code?: number): void;
}

/** A reader that has gone; Windows says EOF. */
const READER_GONE: readonly (string | undefined)[] = ["EPIPE", "EOF"];

/** Whether a command is done once nobody reads its output. */
let isDoneUnread = true;

/** To be called by a command whose output only says how its work goes: it goes on where nobody reads that any more. */
export function workUnread(): void {
  isDoneUnread = false;
}

/**
 * Ends the process when nobody reads its output any more, as after `| head -1`, without a word; with one where the output
 * cannot be written otherwise. Not for the language server, whose connection takes care of its own streams.
 */
export function endWithOutput({ stdout, stderr, exit }: WritingProcess): void {
  let isOver = false;
  // What cannot be reported is no reason to give up the work.
  stderr.on("error", () => {});
  stdout.on("error", error => {
    // Each write that waits fails too.
    if (isOver) return;
    isOver = true;
    if (READER_GONE.includes(codeOf(error))) return isDoneUnread ? exit() : undefined;
    stderr.write(`foretoken: the output cannot be written: ${messageOf(error)}\n`);
    exit(1);
  });
}

/** Says that something is tried again, so that nobody waits without knowing for what. @param problem a sentence */
export function reportRetry(problem: string, waitMs: number): void {
  // A line of progress stands there perhaps.
  const start = process.stderr.isTTY ? "\r\u001b[K" : "";
  process.stderr.write(`${start}${problem} Trying again in ${Math.ceil(waitMs / 1000)} s.\n`);
}
