/**
 * Typed arrays that grow. Those made for each completion begin small: zeroing and collecting large ones would cost as much as
 * drafts save.
 */

type Numbers = Int16Array | Int32Array | Float32Array | Float64Array;

/** A copy of an array with room for more. */
export function grown<T extends Numbers>(array: T, size: number): T {
  const larger = new (array.constructor as new (size: number) => T)(size);
  larger.set(array);
  return larger;
}
