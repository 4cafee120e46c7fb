/**
 * Memory for copies of KV cells. It is megabytes each, and what is dropped would stay until V8 collects garbage, which it does
 * seldom in a heap that hardly grows: so it is given back by hand.
 */

export const newStateBytes = (size: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(size, { maxByteLength: size }));

/** Gives the memory of bytes that `newStateBytes` has made back to the system. They, and views of them, are empty then. */
export function freeStateBytes({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.resizable) buffer.resize(0);
}
