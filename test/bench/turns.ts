/** Number of queries per turn, so that a noisy minute affects all kinds of search. */
export const TURN_QUERIES = 100;

export interface Turn {
  readonly kind: number;
  /** Queries [from, to). */
  readonly from: number;
  readonly to: number;
}

/**
 * Lets each of `kinds` run all of `count` queries, in turns. In a round each kind has other queries, so that none finds data
 * in the processor's cache that another has just read.
 */
export function* turns(kinds: number, count: number): Generator<Turn> {
  const rounds = Math.ceil(count / TURN_QUERIES);
  for (let round = 0; round < rounds; round++)
    for (let kind = 0; kind < kinds; kind++) {
      const from = ((round + kind * Math.ceil(rounds / kinds)) % rounds) * TURN_QUERIES;
      yield { kind, from, to: Math.min(count, from + TURN_QUERIES) };
    }
}
