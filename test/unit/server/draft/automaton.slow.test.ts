import assert from "node:assert/strict";
import { test } from "node:test";
import { SuffixAutomaton } from "../../../../server/draft/automaton.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** Longest proper suffix of `tokens` that occurs earlier, by trying all. */
function longestRepeatedSuffix(tokens: number[]): number {
  for (let length = tokens.length - 1; length > 0; length--) {
    const suffix = tokens.slice(-length).join();
    for (let end = length; end < tokens.length; end++)
      if (tokens.slice(end - length, end).join() === suffix) return length;
  }
  return 0;
}

function built(tokens: number[]): SuffixAutomaton {
  const automaton = new SuffixAutomaton(4);
  for (const token of tokens) automaton.extend(token);
  return automaton;
}

test("the longest match is the longest suffix that occurred before", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const alphabet = 2 + below(random, 4);
    const tokens: number[] = [];
    const automaton = new SuffixAutomaton(4);
    for (let i = 0; i < 60; i++) {
      tokens.push(below(random, alphabet));
      automaton.extend(tokens[i] as number);
      const longest = automaton.matches.count > 0 ? automaton.matches.lengths[0] : 0;
      assert.equal(longest, longestRepeatedSuffix(tokens), `seed ${seed}, after ${tokens.join()}`);
    }
  }
});

test("every match is a true earlier occurrence of the suffix", () => {
  const random = seeded(5);
  const tokens: number[] = [];
  const automaton = new SuffixAutomaton();
  for (let i = 0; i < 2000; i++) {
    tokens.push(below(random, 3));
    automaton.extend(tokens[i] as number);
    const { count, lengths, nexts } = automaton.matches;
    for (let m = 0; m < count; m++) {
      const length = lengths[m] as number;
      const next = nexts[m] as number;
      assert.ok(next < tokens.length, "a token follows the occurrence");
      assert.deepEqual(tokens.slice(next - length, next), tokens.slice(-length));
      assert.ok(m === 0 || length < (lengths[m - 1] as number), "matches get shorter");
    }
  }
});

test("the most recent occurrence is preferred", () => {
  const automaton = built([1, 2, 10, 1, 2, 20, 1, 2, 30, 1, 2]);
  assert.equal(automaton.matches.lengths[0], 2);
  assert.equal(automaton.tokens[automaton.matches.nexts[0] as number], 30);
});

test("an empty and a one-token stream have no matches", () => {
  assert.equal(new SuffixAutomaton().matches.count, 0);
  assert.equal(built([5]).matches.count, 0);
});

test("one token repeated 100,000 times is added in bounded work per token", () => {
  const automaton = new SuffixAutomaton();
  for (let i = 0; i < 100_000; i++) automaton.extend(7);
  assert.equal(automaton.matches.lengths[0], 99_999);
});
