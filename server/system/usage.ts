import { inOptions, inPlainWords, parsingProblem, printable, surplusSentence } from "./plainWords.ts";

/** Something the user can fix: reported without a stack trace. What follows a blank line in the message is a usage. */
export class UsageError extends Error {
  /**
   * @param exitCode of a process that ends with it: 2 where the chosen model cannot do what is asked, 128 and the signal's number where
   * one has ended it
   */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 | 130 | 143 = 1,
  ) {
    super(message);
  }
}

/** Arguments that are not those of the command: reported with how it is used. */
export class ArgumentsError extends UsageError {}

/** Throws an `ArgumentsError` that names what is given beyond the positional arguments that a command takes. */
export function refuseSurplus(positionals: readonly string[], most: number): void {
  if (positionals.length > most) throw new ArgumentsError(surplusSentence(positionals.slice(most)));
}

/**
 * Throws an `ArgumentsError` that names a given option that an action of a command does not have.
 * @param action the command's and its own name, as `model list` @param allowed names of its options
 */
export function refuseOtherOptions(values: object, allowed: readonly string[], action: string): void {
  const other = Object.keys(values).find(name => !allowed.includes(name));
  if (other !== undefined) throw new ArgumentsError(`${action} has no option --${other}.`);
}

/** What a step has given, or its problem as an error that is reported without a stack trace. */
export function orUsageError<T extends object>(outcome: T): Exclude<T, Failed> {
  if (isFailed(outcome)) {
    const { message, remedy } = outcome.problem;
    throw new UsageError(`${message} ${inOptions(remedy)}`);
  }
  return outcome as Exclude<T, Failed>;
}

interface Failed {
  readonly problem: { readonly message: string; readonly remedy: string };
}

const isFailed = (outcome: object): outcome is Failed => "problem" in outcome;

/**
 * What is said of an error that ends a command: the usage first, as the reason would scroll away above it.
 * @param usage of the command, for arguments that are not understood
 */
export function failureText(error: unknown, usage = ""): string {
  const parsing = parsingProblem(error);
  // Other errors of Node's with a code and this type are of arguments too, such as of an address that is none.
  const isExpected = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  const { message, stack } = error as Error;
  if (!isExpected) return `foretoken: ${stack ?? message}\n`;
  const [reason, ...paragraphs] = (parsing ?? message).trimEnd().split("\n\n");
  const isOfArguments = parsing !== undefined || error instanceof ArgumentsError;
  const shown = paragraphs.length > 0 ? paragraphs.join("\n\n") : isOfArguments ? usage.trimEnd() : "";
  const before = shown === "" ? "" : `${shown}\n\n`;
  const lines = inPlainWords(reason ?? "").split("\n");
  return `${before}foretoken: ${lines.map(printable).join("\n")}\n`;
}

/** Ends a command line's process with what went wrong. */
export function reportAndFail(error: unknown, usage?: string): void {
  process.stderr.write(failureText(error, usage));
  process.exitCode = error instanceof UsageError ? error.exitCode : 1;
}

/** The exit codes that tell of the signals that end a command. */
const ENDING_SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** Aborted by the signals that end a command; the reason is the `UsageError` to end it with, of the signal's exit code. */
export function interrupted(message: string): AbortSignal {
  const controller = new AbortController();
  for (const [signal, exitCode] of ENDING_SIGNALS)
    process.once(signal, () => controller.abort(new UsageError(message, exitCode)));
  return controller.signal;
}

/** A whole number from an option. */
export function whole(
  options: Readonly<Record<string, unknown>>,
  name: string,
  standard: number,
  least: number,
): number {
  const given = options[name];
  const value = given === undefined ? standard : Number(given);
  if (!Number.isInteger(value) || value < least || given === "")
    throw new UsageError(`--${name} must be a whole number from ${least}, got ${given}.`);
  return value;
}
