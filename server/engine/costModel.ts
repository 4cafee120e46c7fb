/**
 * T(n): what a decode of n rows costs on this machine with this model, in milliseconds.
 *
 * Measured, never computed: real curves have steps (a full tile of rows can be cheaper than a part of one)
 * and change with the length of the context. So a table over a few sizes and context lengths, linear in
 * between, kept current by every decode. Nothing is smoothed towards a shape it ought to have.
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

/** Weight of a new observation. */
const NEWS = 0.1;
/** An observation this many times above its expectation comes from another process, not of this one. */
const OUTLIER = 3;

export interface SavedCosts {
  /** One row for each entry of `CONTEXTS`, one number for each of `SIZES`; 0 where nothing is known. */
  readonly ms: readonly (readonly number[])[];
}

export class CostModel {
  private readonly table: number[][];
  /** The table's rows with their gaps filled, made when asked for; any change empties it. */
  private filled: number[][] = [];

  constructor(saved?: SavedCosts) {
    this.table = CONTEXTS.map((_, context) => SIZES.map((_, size) => saved?.ms[context]?.[size] ?? 0));
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

  /** Sizes whose cost after this context is known from decodes, not from other sizes. */
  measuredSizes(contextTokens: number): number[] {
    const row = this.measuredNear(contextIndex(contextTokens));
    return SIZES.filter((_, size) => (row?.[size] ?? 0) > 0);
  }

  /** Records a decode. Sizes between those of the table move the nearer of them, larger ones none. */
  observe(rows: number, contextTokens: number, ms: number): void {
    if (rows > LARGEST) return;
    const row = this.table[contextIndex(contextTokens)];
    const size = nearestSize(rows);
    if (!row || size < 0) return;
    const expected = this.time(rows, contextTokens);
    const known = row[size] ?? 0;
    this.filled = [];
    if (known === 0)
      row[size] = rows === SIZES[size] ? ms : (ms * this.time(SIZES[size] ?? rows, contextTokens)) / expected;
    else if (ms < OUTLIER * expected) row[size] = known * (1 - NEWS + (NEWS * ms) / expected);
  }

  /** Sets a measured value: the median of several decodes of exactly one of `SIZES`. */
  set(size: (typeof SIZES)[number], contextTokens: number, ms: number): void {
    const row = this.table[contextIndex(contextTokens)];
    if (row) row[SIZES.indexOf(size)] = ms;
    this.filled = [];
  }

  save(): SavedCosts {
    return { ms: this.table.map(row => row.map(ms => Math.round(ms * 1000) / 1000)) };
  }

  /** The row of the nearest context length of which anything is known. */
  private measuredNear(wanted: number): readonly number[] | undefined {
    const byDistance = this.table
      .map((row, index) => ({ row, distance: Math.abs(index - wanted) }))
      .sort((a, b) => a.distance - b.distance);
    return byDistance.find(({ row }) => row.some(ms => ms > 0))?.row;
  }

  /** The row for a context length with its gaps filled: from other lengths, else from the assumed curve. */
  private fill(wanted: number): number[] {
    const base = this.measuredNear(wanted);
    if (!base) return [...ASSUMED];
    const anchor = base.findIndex(ms => ms > 0);
    const unit = (base[anchor] ?? 1) / (ASSUMED[anchor] ?? 1);
    return SIZES.map((_, size) => {
      const own = this.table[wanted]?.[size] || base[size];
      return own || unit * (ASSUMED[size] ?? 1);
    });
  }
}

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
