import { inOptions, inPlainWords, parsingProblem, printable, surplusSentence } from "./plainWords.ts";

/** A problem the user can fix: reported without a stack trace. */
export class UsageError extends Error {
  /**
   * @param exitCode exit code of the process: 2 if the chosen model cannot do what was requested, 128 plus the signal's
   * number if a signal ended it
   */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 | 130 | 143 = 1,
  ) {
    super(message);
  }
}

/** Wrong arguments of a command: reported together with its usage. */
export class ArgumentsError extends UsageError {}

/** Throws an `ArgumentsError` that names surplus positional arguments. */
export function refuseSurplus(positionals: readonly string[], most: number): void {
  if (positionals.length > most) throw new ArgumentsError(surplusSentence(positionals.slice(most)));
}

/**
 * Throws an `ArgumentsError` that names an option which the action of a command does not have.
 * @param action names of the command and the action, as `model list` @param allowed names of its options
 */
export function refuseOtherOptions(values: object, allowed: readonly string[], action: string): void {
  const other = Object.keys(values).find(name => !allowed.includes(name));
  if (other !== undefined) throw new ArgumentsError(`${action} has no option --${other}.`);
}

/** The outcome of a step; its problem is thrown as an error that is reported without a stack trace. */
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
 * The text for an error that ends a command: the usage comes first, since the reason would scroll away above it.
 * @param usage the command's usage, for arguments that are not understood
 */
export function failureText(error: unknown, usage = ""): string {
  const parsing = parsingProblem(error);
  // Other errors of Node with a code and this type are about arguments too, such as an invalid address.
  const isExpected = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  const { message, stack } = error as Error;
  const isOfArguments = parsing !== undefined || error instanceof ArgumentsError;
  const before = isOfArguments && usage !== "" ? `${usage.trimEnd()}\n\n` : "";
  const told = isExpected ? inPlainWords((parsing ?? message).trimEnd()) : (stack ?? message);
  return `${before}foretoken: ${told.split("\n").map(printable).join("\n")}\n`;
}

/** Reports an error and sets the exit code of a command line's process. */
export function reportAndFail(error: unknown, usage?: string): void {
  process.stderr.write(failureText(error, usage));
  process.exitCode = error instanceof UsageError ? error.exitCode : 1;
}

/** The exit codes for the signals that end a command. */
const ENDING_SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** Aborted by the signals that end a command; the reason is a `UsageError` with the signal's exit code. */
export function interrupted(message: string): AbortSignal {
  const controller = new AbortController();
  for (const [signal, exitCode] of ENDING_SIGNALS)
    process.once(signal, () => controller.abort(new UsageError(message, exitCode)));
  return controller.signal;
}

/** The whole number that an option gives. */
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
