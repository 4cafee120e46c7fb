/** V8's messages where the process may not reserve addresses; it reserves some ten gigabytes for each instance. */
const ADDRESSES = /^WebAssembly\b.*(?:out of memory|could not allocate)/i;

/** What the user can do about a fault with this message. */
export const faultRemedy = (message: string): string =>
  ADDRESSES.test(message)
    ? "The addresses that a process may use are limited here: start it without that limit (ulimit -v unlimited)."
    : "The log says more: Foretoken: Show Log.";
