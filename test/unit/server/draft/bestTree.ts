/** The tree that random sources should get, worked out from its definition. */
import assert from "node:assert/strict";
import {
  type DraftSource,
  Feature,
  NO_CURSOR,
  type Offers,
  SOURCE_NAMES,
} from "../../../../server/draft/source.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** What a random source offers after a path: each token once, and whether the source can tell what follows it. */
interface RandomOffer {
  readonly token: number;
  readonly matchLength: number;
  readonly goesOn: boolean;
}

/** Offers tokens that the path from the root determines. */
export class RandomSource implements DraftSource {
  private paths: (readonly number[])[] = [];
  constructor(
    readonly name: DraftSource["name"],
    private readonly root: number,
    private readonly seed: number,
  ) {}

  offered(path: readonly number[]): RandomOffer[] {
    const random = seeded(path.reduce((hash, token) => Math.imul(hash ^ token, 0x01000193), this.seed));
    const tokens = new Set(Array.from({ length: below(random, 12) }, () => below(random, 16)));
    return [...tokens].map(token => ({ token, matchLength: 4 * random(), goesOn: random() < 0.8 }));
  }

  search(): void {
    this.paths = [[]];
  }

  children(cursor: number, last: number, offers: Offers): void {
    const path = this.paths[cursor] as readonly number[];
    assert.equal(last, path.at(-1) ?? this.root);
    for (const { token, matchLength, goesOn } of this.offered(path)) {
      const next = goesOn ? this.paths.push([...path, token]) - 1 : NO_CURSOR;
      offers.features[offers.add(token, next) + Feature.matchLength] = matchLength;
    }
  }
}

export interface Candidate {
  readonly path: readonly number[];
  readonly probability: number;
  /** The scores of its sources, by their names. */
  readonly scores: ReadonlyMap<string, number>;
  readonly none: number;
}

/** The weights of bias, match length, and "none of them" by depth. */
const [BIAS, MATCH, NONE, DEEPER] = [-0.5, 1.5, 0.4, 0.6];
export const WEIGHTS = [...SOURCE_NAMES.flatMap(() => [BIAS, MATCH, ...Array(10).fill(0)]), NONE, DEEPER];

/** What may follow a path, with the probabilities of the conditional logit model. */
export function following(
  sources: readonly RandomSource[],
  path: readonly number[],
  reached: number,
): Candidate[] {
  const tokens = new Map<number, Map<string, number>>();
  for (const source of sources) {
    const knows = path.every((token, i) =>
      source.offered(path.slice(0, i)).some(offer => offer.token === token && offer.goesOn),
    );
    if (!knows) continue;
    for (const { token, matchLength } of source.offered(path)) {
      const scores = tokens.get(token) ?? new Map<string, number>();
      tokens.set(token, scores.set(source.name, BIAS + MATCH * Math.fround(matchLength)));
    }
  }
  const none = NONE + DEEPER * Math.log2(1 + path.length);
  const odds = (scores: ReadonlyMap<string, number>) =>
    Math.exp([...scores.values()].reduce((a, b) => a + b));
  const sum = [...tokens.values()].reduce((total, scores) => total + odds(scores), Math.exp(none));
  return [...tokens].map(([token, scores]) => ({
    path: [...path, token],
    probability: (reached * odds(scores)) / sum,
    scores,
    none,
  }));
}

/** The nodes after the root, best first, as far as the bounds allow, without regard to their cost. */
export function bestFirst(sources: readonly RandomSource[], most: number, mostLeaves: number): Candidate[] {
  const likely = (path: readonly number[], reached: number) =>
    following(sources, path, reached).filter(({ probability }) => probability >= 0.01);
  const chosen: Candidate[] = [];
  let waiting = likely([], 1);
  const parents = new Set<string>();
  while (chosen.length + 1 < most) {
    const parentOf = ({ path }: Candidate) => path.slice(0, -1).join();
    const leaves = 1 + chosen.length - parents.size;
    const open = waiting.filter(candidate => leaves < mostLeaves || !parents.has(parentOf(candidate)));
    if (open.length === 0) break;
    const best = open.reduce((a, b) => (b.probability > a.probability ? b : a));
    waiting = [...waiting.filter(other => other !== best), ...likely(best.path, best.probability)];
    parents.add(parentOf(best));
    chosen.push(best);
  }
  return chosen;
}

/** The size that a full search of all sizes chooses: a further expected token counts nine tenths. */
export function bestSize(nodes: readonly Candidate[], cost: (nodes: number) => number): number {
  let best = { size: 1, expected: 1 };
  let expected = 1;
  for (const [i, { probability }] of nodes.entries()) {
    expected += probability;
    const doubted = best.expected + 0.9 * (expected - best.expected);
    if (doubted / cost(i + 2) > best.expected / cost(best.size)) best = { size: i + 2, expected };
  }
  return best.size;
}
