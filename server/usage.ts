/** Something the user can mend: told without a stack trace. */
export class UsageError extends Error {}
