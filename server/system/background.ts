/**
 * Runs work that nobody waits for and reports its errors: an unhandled rejection would end the process.
 * @param what name of the work in the report
 */
export function inBackground(
  work: PromiseLike<unknown>,
  what: string,
  report: (message: string) => void,
): void {
  work.then(undefined, (error: unknown) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report(`${what} failed: ${reason}`);
  });
}
