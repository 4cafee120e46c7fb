/**
 * T(n): what a decode of n rows costs on this machine with this model, in milliseconds.
 *
 * Measured, never computed: real curves have steps and change with the length of the context. So this is a table over a few
 * sizes and context lengths, linear in between, kept current by every decode. Nothing is smoothed towards an expected shape,
 * except that no decode is taken to cost more than a larger one.
 *
 * A decode of several rows also makes the single rows after it slower: llama.cpp rebuilds its graph, and the caches hold
 * other data. That slowdown is part of the cost of a tree, not of a single row: if rows that follow trees were taken for
 * the normal case, drafts would look cheaper the more of them there are.
 */

/** Sizes the table knows; trees in between are interpolated. */
export const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 63] as const;
const LARGEST = SIZES[SIZES.length - 1] ?? 1;
/** Context lengths, in tokens, up to which the rows of the table reach; the last is open. */
const CONTEXTS = [384, 1024, 4096, Number.POSITIVE_INFINITY] as const;

/**
 * Cost relative to one row where nothing has been measured: a current processor, bound by memory for the first rows and by
 * arithmetic from about 8 on.
 */
const ASSUMED = [1, 1.1, 1.25, 1.4, 1.7, 2.1, 2.8, 3.4, 4.8, 6.2, 9, 11.5] as const;

/** Weight of a new observation among many; the first ones of a size weigh more. */
const NEWS = 0.1;
/** Observations that a measured value stands for. */
const MEASURED = 1 / NEWS;
/** An observation this many times above its expectation is caused by another process. */
const OUTLIER = 3;

export interface SavedCosts {
  /** One row for each entry of `CONTEXTS`, one number for each of `SIZES`; 0 where nothing is known. */
  readonly ms: readonly (readonly number[])[];
  /** See `CostModel.slowdown`; empty where nothing is known. */
  readonly slowdown: readonly number[];
}

export class CostModel {
  private readonly table: number[][];
  /** Observations that each number of the table stands for. */
  private readonly counts: number[][];
  /** The table's rows with their gaps filled, made when asked for; any change empties it. */
  private filled: number[][] = [];
  /**
   * How much longer the first, second, ... single row after a decode of several rows takes than one in a long run of single
   * rows, as a share of the latter's time.
   */
  readonly slowdown: readonly number[];

  constructor(saved?: SavedCosts) {
    this.slowdown = saved?.slowdown ?? [];
    this.table = CONTEXTS.map((_, context) => SIZES.map((_, size) => saved?.ms[context]?.[size] ?? 0));
    this.counts = this.table.map(row => row.map(ms => (ms > 0 ? MEASURED : 0)));
  }

  /** Milliseconds of a decode of `rows` after `contextTokens`; relative to one row when nothing is known. */
  time(rows: number, contextTokens: number): number {
    const context = contextIndex(contextTokens);
    this.filled[context] ??= this.fill(context);
    const row = this.filled[context];
    const upper = SIZES.findIndex(size => size >= rows);
    if (upper < 0) return (at(row, SIZES.length - 1) * rows) / LARGEST;
    const high = SIZES[upper] ?? rows;
    if (high === rows || upper === 0) return at(row, upper);
    const low = SIZES[upper - 1] ?? rows;
    const share = (rows - low) / (high - low);
    return at(row, upper - 1) * (1 - share) + at(row, upper) * share;
  }

  /**
   * Milliseconds by which a past decode of several rows still slows the single rows to come, together.
   * @param singles single rows decoded since that decode
   */
  slowdownMs(singles: number, contextTokens: number): number {
    let share = 0;
    for (let i = singles; i < this.slowdown.length; i++) share += at(this.slowdown, i);
    return share * this.time(1, contextTokens);
  }

  /** Sizes whose cost after this context is known from decodes, not from other sizes. */
  measuredSizes(contextTokens: number): number[] {
    const row = this.measuredNear(contextIndex(contextTokens));
    return SIZES.filter((_, size) => (row?.[size] ?? 0) > 0);
  }

  /**
   * Records a decode. A size between those of the table adjusts the nearer one; a larger size adjusts none.
   * @param singles single rows decoded since the last decode of several rows
   */
  observe(rows: number, contextTokens: number, measuredMs: number, singles = this.slowdown.length): void {
    if (rows > LARGEST) return;
    const ms = rows === 1 ? measuredMs / (1 + (this.slowdown[singles] ?? 0)) : measuredMs;
    const context = contextIndex(contextTokens);
    const [row, counts] = [this.table[context], this.counts[context]];
    const size = nearestSize(rows);
    if (!row || !counts || size < 0) return;
    const expected = this.time(SIZES[size] ?? rows, contextTokens);
    // For a size between those of the table: the time that the nearer one would have taken.
    const own = (ms * expected) / this.time(rows, contextTokens);
    const known = at(row, size) || expected;
    // If other sizes were measured at this context, the estimate from them counts as one observation.
    const count = at(counts, size) || (row.some(each => each > 0) ? 1 : 0);
    if (count > 1 && own >= OUTLIER * known) return;
    const weight = Math.max(NEWS, 1 / (count + 1));
    row[size] = known + weight * ((count > 0 ? Math.min(own, OUTLIER * known) : own) - known);
    counts[size] = count + 1;
    this.filled = [];
  }

  /** Sets a measured value: the median of several decodes of exactly one of `SIZES`. */
  set(size: (typeof SIZES)[number], contextTokens: number, ms: number): void {
    const context = contextIndex(contextTokens);
    const [row, counts] = [this.table[context], this.counts[context]];
    if (!row || !counts) return;
    row[SIZES.indexOf(size)] = ms;
    counts[SIZES.indexOf(size)] = MEASURED;
    this.filled = [];
  }

  save(): SavedCosts {
    const rounded = (values: readonly number[]) => values.map(value => Math.round(value * 1000) / 1000);
    return { ms: this.table.map(rounded), slowdown: rounded(this.slowdown) };
  }

  /** The row of the nearest context length that has any measured size. */
  private measuredNear(wanted: number): readonly number[] | undefined {
    const byDistance = this.table
      .map((row, index) => ({ row, distance: Math.abs(index - wanted) }))
      .sort((a, b) => a.distance - b.distance);
    return byDistance.find(({ row }) => row.some(ms => ms > 0))?.row;
  }

  /**
   * The row for a context length with its gaps filled. Its shape is that of the length with the most measured sizes: a longer
   * context makes all decodes more expensive, but says little about the cost of a further row.
   */
  private fill(wanted: number): number[] {
    const known = (row: readonly number[]) => row.filter(ms => ms > 0).length;
    const [most = []] = [...this.table].sort((a, b) => known(b) - known(a));
    const shape = scaled(most, ASSUMED);
    return neverFalling(scaled(this.table[wanted] ?? [], scaled(this.measuredNear(wanted) ?? [], shape)));
  }
}

/** The known values of a row; its gaps take those of another row, scaled by their ratio at the nearest known size. */
function scaled(row: readonly number[], other: readonly number[]): number[] {
  return other.map((value, size) => {
    let nearest = -1;
    for (const [index, ms] of row.entries())
      if (ms > 0 && (nearest < 0 || Math.abs(index - size) < Math.abs(nearest - size))) nearest = index;
    return nearest < 0 ? value : (at(row, nearest) * value) / at(other, nearest);
  });
}

/**
 * The values, each lowered to the smallest of those after it: a size that seemed more expensive than a larger one would never
 * be drafted again, so that a time measured by accident would never be corrected.
 */
const neverFalling = (row: readonly number[]): number[] => row.map((_, i) => Math.min(...row.slice(i)));

const at = (row: readonly number[], index: number) => row[index] ?? 0;

function contextIndex(contextTokens: number): number {
  return CONTEXTS.findIndex(limit => contextTokens <= limit);
}

function nearestSize(rows: number): number {
  let best = -1;
  for (const [index, size] of SIZES.entries())
    if (best < 0 || Math.abs(size - rows) < Math.abs((SIZES[best] ?? 0) - rows)) best = index;
  return best;
}
