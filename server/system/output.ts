/** Messages of a command beside its result, and the end of a command whose output cannot be written. */
import { codeOf, messageOf } from "../../datastores/index.ts";
import { printable } from "./plainWords.ts";

interface Output {
  on(event: "error", listener: (error: unknown) => void): unknown;
  write(text: string): unknown;
}

/** The part of a process that a command writes to; tests pass their own. */
interface WritingProcess {
  readonly stdout: Output;
  readonly stderr: Output;
  exit(code?: number): void;
}

/** Error codes after the reader has closed its end; Windows says EOF. */
const READER_GONE: readonly (string | undefined)[] = ["EPIPE", "EOF"];

/** Whether a command ends once nobody reads its output. */
let isDoneUnread = true;

/** To be called by a command that only prints its progress: it continues even if nobody reads that any more. */
export function workUnread(): void {
  isDoneUnread = false;
}

/**
 * Ends the process without a message if nobody reads its output any more, as after `| head -1`, and with a message if the
 * output cannot be written for another reason. Not for the language server, whose connection handles its own streams.
 */
export function endWithOutput({ stdout, stderr, exit }: WritingProcess): void {
  let isOver = false;
  // An error on standard error cannot be reported and is no reason to stop the work.
  stderr.on("error", () => {});
  stdout.on("error", error => {
    // Each waiting write fails too.
    if (isOver) return;
    isOver = true;
    if (READER_GONE.includes(codeOf(error))) return isDoneUnread ? exit() : undefined;
    stderr.write(`foretoken: the output cannot be written: ${messageOf(error)}\n`);
    exit(1);
  });
}

/** Reports that something is tried again, so that the user knows the reason for a delay. @param problem a sentence */
export function reportRetry(problem: string, waitMs: number): void {
  // The terminal's line may show progress, which is overwritten.
  const start = process.stderr.isTTY ? "\r\u001b[K" : "";
  process.stderr.write(`${start}${printable(problem)} Trying again in ${Math.ceil(waitMs / 1000)} s.\n`);
}
