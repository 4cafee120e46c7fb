/**
 * Drafts from other texts: what followed a context there, as a sample of continuations (REST, arXiv
 * 2311.08252, section 3.2). Continuations that begin alike are followed together, each branch with its share
 * of the sample.
 */
import type { Pace } from "./pace.ts";
import { corpusChance } from "./prior.ts";

/** A searchable collection of texts, and the result of its last search. */
export interface Corpus {
  /** Searches the longest suffix of `tokens[0..end)` that occurs. */
  find(tokens: Int32Array, end: number): void;
  /** Tokens of the longest suffix found; 0 none. */
  readonly matchLength: number;
  /** Continuations found. */
  readonly count: number;
  /** Tokens of a continuation. */
  readonly continuation: number;
  /** `count` rows of `continuation` tokens, negative from where a text ends. */
  readonly continuations: Int32Array;
  /** Tokens each row's text shares with the context. */
  readonly matchLengths: Uint8Array;
  /** Occurrences each row stands for. */
  readonly weights: Float32Array;
}

/** A corpus, and whether asking it pays. The pace is kept from completion to completion. */
export interface CorpusSource {
  readonly corpus: Corpus;
  readonly pace: Pace;
}

/** Rows that share their first tokens, and how likely the model is to say what they say. */
export interface Branch {
  readonly chance: number;
  readonly token: number;
  readonly rows: readonly number[];
  /** Tokens the rows share. */
  readonly depth: number;
}

/** What a row of a shorter match counts against one of the longest. */
const SHORTER_WEIGHT = 0.1;
/**
 * What is left of a corpus's chances where the document has evidence of its own: the two agree more often than
 * chance. Found by simulated decoding of 12,000 held-out tokens, on the cost curves of a CPU and of a GPU.
 */
const AGREEMENT = 0.75;

/**
 * The branches behind `rows`, which share `depth` tokens: one for each different next token.
 * @param chance how likely the model is to say the shared tokens
 */
export function branches(corpus: Corpus, rows: readonly number[], depth: number, chance: number): Branch[] {
  const { continuations, continuation, matchLengths, weights, matchLength } = corpus;
  if (depth >= continuation) return [];
  const groups = new Map<number, { rows: number[]; weight: number }>();
  let total = 0;
  let occurrences = 0;
  for (const row of rows) {
    const weight = weights[row] * (matchLengths[row] === matchLength ? 1 : SHORTER_WEIGHT);
    total += weight;
    occurrences += weights[row];
    const token = continuations[row * continuation + depth];
    if (token < 0) continue;
    const group = groups.get(token);
    if (group) {
      group.rows.push(row);
      group.weight += weight;
    } else groups.set(token, { rows: [row], weight });
  }
  const sure = AGREEMENT * corpusChance(matchLength + depth, occurrences);
  return Array.from(groups, ([token, group]) => ({
    chance: chance * sure * (group.weight / total),
    token,
    rows: group.rows,
    depth: depth + 1,
  }));
}
