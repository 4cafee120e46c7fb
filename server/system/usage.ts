/** Something the user can fix: reported without a stack trace. */
export class UsageError extends Error {
  /** @param exitCode of a process that ends with it: 2 where the chosen model cannot do what is asked */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** What a step has given, or its problem as an error that is reported without a stack trace. */
export function orUsageError<T extends object>(outcome: T): Exclude<T, Failed> {
  if (isFailed(outcome)) throw new UsageError(`${outcome.problem.message} ${outcome.problem.remedy}`);
  return outcome as Exclude<T, Failed>;
}

interface Failed {
  readonly problem: { readonly message: string; readonly remedy: string };
}

const isFailed = (outcome: object): outcome is Failed => "problem" in outcome;

/** Ends a command line's process with what went wrong. */
export function reportAndFail(error: unknown): void {
  // The parser of options throws a TypeError with a code.
  const expected = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  const { message, stack } = error as Error;
  process.stderr.write(`foretoken: ${expected ? message : (stack ?? message)}\n`);
  process.exitCode = error instanceof UsageError ? error.exitCode : 1;
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
