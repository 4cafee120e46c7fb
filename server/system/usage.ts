/** Something the user can mend: told without a stack trace. */
export class UsageError extends Error {}

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
