/**
 * Takes care of work that nobody waits for: what makes it fail is reported. Unhandled it would end the process.
 * @param what names the work in the report
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
