/** Middle values of few numbers. */

/** One of the values: the one below which `share` of them lie, 0 to 1. NaN if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The middle value; the upper one of two. NaN for no values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);
