import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_MATCH, SuffixAutomaton } from "../../../bench/presets/suffixAutomaton.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** Ends of the occurrences of a string in a text, by exhaustive search. */
function ends(text: readonly number[], string: readonly number[]): number[] {
  const found: number[] = [];
  for (let end = string.length; end <= text.length; end++)
    if (string.every((token, i) => token === text[end - string.length + i])) found.push(end);
  return found;
}

test("the longest suffix that occurs is followed, with its first end, its count and its successors", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const alphabet = 1 + below(random, 4);
    const text = Array.from({ length: 1 + below(random, 120) }, () => below(random, alphabet));
    // Half of the automatons have to grow.
    const automaton = new SuffixAutomaton(seed % 2 === 0 ? text.length : 4);
    for (const token of text) automaton.extend(token);
    automaton.countOccurrences();
    let match = NO_MATCH;
    const query: number[] = [];
    for (let i = 0; i < 60; i++) {
      const token = below(random, alphabet + 1);
      query.push(token);
      match = automaton.advance(match, token);
      let length = query.length;
      while (length > 0 && ends(text, query.slice(-length)).length === 0) length--;
      assert.equal(match.length, length);
      if (length === 0) continue;
      const places = ends(text, query.slice(-length));
      assert.equal(automaton.firstEndOf(match.state), places[0]);
      assert.equal(automaton.countOf(match.state), places.length);
      const next = [...automaton.successors(match.state)];
      const followers = new Set(places.map(end => text[end]).filter(follower => follower !== undefined));
      assert.deepEqual(new Set(next.map(({ token }) => token)), followers);
      for (const { token, state } of next)
        assert.equal(automaton.countOf(state), places.filter(end => text[end] === token).length);
    }
  }
});

test("a link leads to the longest suffix that ends at more places", () => {
  const automaton = new SuffixAutomaton(8);
  for (const token of [1, 2, 3, 9, 2, 3, 8, 3]) automaton.extend(token);
  let match = NO_MATCH;
  for (const token of [1, 2, 3]) match = automaton.advance(match, token);
  assert.deepEqual([match.length, automaton.firstEndOf(match.state)], [3, 3]);
  const shorter = automaton.linkOf(match.state);
  // "2 3" ends at 3 and 6, "3" at 3, 6 and 8; both end first where "1 2 3" does.
  assert.equal(automaton.firstEndOf(shorter), 3);
  assert.deepEqual([...automaton.successors(shorter)].map(({ token }) => token).sort(), [8, 9]);
});
