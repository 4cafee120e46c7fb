/** What evidence of places in texts has to offer, worked out place by place. */
import assert from "node:assert/strict";
import {
  type DraftSource,
  FEATURE_COUNT,
  NO_CURSOR,
  Offers,
  ROOT_CURSOR,
} from "../../../../server/draft/source.ts";

/** A place in a text: what follows it, and what is known of it. */
export interface Place {
  readonly tokens: readonly number[];
  readonly length: number;
  readonly weight: number;
  readonly recency: number;
  readonly nearness: number;
}

export interface End {
  readonly token: number;
  readonly after: readonly number[];
}

/** The offers after the places that continue with `path`, worked out from the meaning of each feature. */
function expectedOffers(places: readonly Place[], path: readonly number[], end: End) {
  const depth = path.length;
  const group = places.filter(({ tokens }) => path.every((token, i) => tokens[i] === token));
  const most = (part: readonly Place[], value: (place: Place) => number) => Math.max(0, ...part.map(value));
  const longest = most(group, ({ length }) => length);
  const massOf = (part: readonly Place[]) =>
    part.reduce((sum, { weight, length }) => sum + weight / 2 ** Math.min(6, longest - length), 0);
  const offer = (token: number, part: readonly Place[], isEnding: boolean) => {
    const own = most(part, ({ length }) => length);
    return {
      token,
      goesOn: !isEnding,
      features: [
        1,
        Math.log2(1 + own + depth),
        Math.log2((1 + longest + depth) / (1 + own + depth)),
        Math.log2(massOf(part) / massOf(group)),
        Math.min(6, Math.log2(1 + part.reduce((sum, { weight }) => sum + weight, 0))),
        isEnding ? 0 : most(part, ({ recency }) => recency),
        isEnding ? 0 : most(part, ({ nearness }) => nearness),
        Math.log2(1 + depth),
        0,
        0,
        isEnding ? 1 : 0,
        0,
      ],
    };
  };
  const tokens = [...new Set(group.flatMap(place => place.tokens.slice(depth, depth + 1)))].slice(0, 12);
  const after = end.after.slice(0, 3);
  const ended = group.filter(place => after.every((token, i) => place.tokens[depth + i] === token));
  return [
    ...tokens.map(token =>
      offer(
        token,
        group.filter(place => place.tokens[depth] === token),
        false,
      ),
    ),
    ...(after.length > 0 && ended.length > 0 ? [offer(end.token, ended, true)] : []),
  ];
}

/** Compares the offers after the first few tokens of every path with those of the given places. */
export function compareOffers(
  children: DraftSource["children"],
  places: readonly Place[],
  end: End = { token: -1, after: [] },
): void {
  const compare = (cursor: number, path: readonly number[]) => {
    const offers = new Offers();
    children(cursor, path.at(-1) ?? -1, offers);
    const expected = expectedOffers(places, path, end);
    assert.deepEqual(
      [...offers.tokens.subarray(0, offers.count)],
      expected.map(({ token }) => token),
    );
    for (const [i, { token, goesOn, features }] of expected.entries()) {
      const row = offers.features.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT);
      for (const [feature, value] of features.entries())
        assert.ok(
          Math.abs((row[feature] as number) - value) < 1e-5,
          `feature ${feature}: ${row[feature]}, not ${value}`,
        );
      assert.equal(offers.cursors[i] !== NO_CURSOR, goesOn);
      if (goesOn && path.length < 8) compare(offers.cursors[i] as number, [...path, token]);
    }
  };
  compare(ROOT_CURSOR, []);
}
