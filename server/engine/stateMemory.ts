/**
 * Memory for copies of KV cells. Each takes megabytes, and a dropped one would stay until V8 collects garbage, which is rare in
 * a heap that hardly grows. So the memory is freed explicitly.
 */

export const newStateBytes = (size: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(size, { maxByteLength: size }));

/** Gives the memory of bytes made by `newStateBytes` back to the system. They, and views of them, are empty afterwards. */
export function freeStateBytes({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.resizable) buffer.resize(0);
}
