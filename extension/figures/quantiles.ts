/** Quantiles of many numbers, and division into groups of neighbours. */

/** The element of sorted values below which `share` of them lie, 0 to 1. NaN if there are none. */
export const quantileOf = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** At most `most` groups of neighbours, of sizes as equal as possible; none is empty. */
export function groups<T>(values: readonly T[], most: number): T[][] {
  const count = Math.min(most, values.length);
  return Array.from({ length: count }, (_, group) =>
    values.slice(
      Math.round((group * values.length) / count),
      Math.round(((group + 1) * values.length) / count),
    ),
  );
}

/** Round numbers from 0 on, about `wanted` of them, the last at or above `most`. */
export function ticks(most: number, wanted = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(most / step - 1e-9);
  // Multiplied and rounded, since sums of tenths are inexact.
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
