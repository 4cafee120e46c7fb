/**
 * T(n): what a decode of n rows costs on this machine with this model, in milliseconds.
 *
 * Measured, never computed: real curves have steps and change with the length of the context. So a table over a few sizes
 * and context lengths, linear in between, kept current by every decode. Nothing is smoothed towards a shape it ought to
 * have, but that no decode is taken to cost more than a larger one.
 *
 * A decode of several rows also makes the single rows behind it slower: llama.cpp makes its graph anew, and the caches
 * hold other data. What that comes to is part of the price of a tree, and no part of that of a single row: were rows
 * that follow trees taken for the normal case, drafts would look cheaper the more of them there are.
 */

/** Sizes the table knows; trees in between are interpolated. */
export const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 63] as const;
const LARGEST = SIZES[SIZES.length - 1] ?? 1;
/** Context lengths, in tokens, up to which the rows of the table reach; the last is open. */
const CONTEXTS = [384, 1024, 4096, Number.POSITIVE_INFINITY] as const;

/**
 * Cost relative to one row where nothing has been measured: a processor of today, bound by memory for the
 * first rows and by arithmetic from about 8 on.
 */
const ASSUMED = [1, 1.1, 1.25, 1.4, 1.7, 2.1, 2.8, 3.4, 4.8, 6.2, 9, 11.5] as const;

/** Weight of a new observation among many; the first ones of a size weigh more. */
const NEWS = 0.1;
/** Observations that a measured value stands for. */
const MEASURED = 1 / NEWS;
/** An observation this many times above its expectation comes from another process, not of this one. */
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
   * By how much longer than in a long run of single rows the first, second, ... single row after a decode of several
   * takes, as a share of such a row's time.
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
   * Milliseconds that the single rows still to come take longer for a decode of several rows before them.
   * @param singles decoded since that one
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
   * Records a decode. Sizes between those of the table move the nearer of them, larger ones none.
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
    // Of a size between those of the table, what the nearer of them would have taken.
    const own = (ms * expected) / this.time(rows, contextTokens);
    const known = at(row, size) || expected;
    // Where something is known of this context, what it says of other sizes stands for an observation.
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

  /** The row of the nearest context length of which anything is known. */
  private measuredNear(wanted: number): readonly number[] | undefined {
    const byDistance = this.table
      .map((row, index) => ({ row, distance: Math.abs(index - wanted) }))
      .sort((a, b) => a.distance - b.distance);
    return byDistance.find(({ row }) => row.some(ms => ms > 0))?.row;
  }

  /**
   * The row for a context length with its gaps filled. The shape is that of the length of which most sizes are known:
   * longer contexts make all decodes dearer, and say little of what a further row costs.
   */
  private fill(wanted: number): number[] {
    const known = (row: readonly number[]) => row.filter(ms => ms > 0).length;
    const [most = []] = [...this.table].sort((a, b) => known(b) - known(a));
    const shape = scaled(most, ASSUMED);
    return neverFalling(scaled(this.table[wanted] ?? [], scaled(this.measuredNear(wanted) ?? [], shape)));
  }
}

/** What is known of a row, and in its gaps the values of another that are scaled as the nearest size that is known. */
function scaled(row: readonly number[], other: readonly number[]): number[] {
  return other.map((value, size) => {
    let nearest = -1;
    for (const [index, ms] of row.entries())
      if (ms > 0 && (nearest < 0 || Math.abs(index - size) < Math.abs(nearest - size))) nearest = index;
    return nearest < 0 ? value : (at(row, nearest) * value) / at(other, nearest);
  });
}

/**
 * The values with none above a later one: a size that seems dearer than a larger one would not be drafted any more, and it
 * would never be noticed that its time was an accident's.
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
