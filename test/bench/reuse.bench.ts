/**
 * What it takes to know a text again in a document of 100,000 lines while one types along in its middle: hashes of
 * the new version, and the search among 250 completions. Prints milliseconds.
 */

import { CompletionCache, TokenUsage } from "../../server/completion/index.ts";
import { quantile } from "../../server/system/index.ts";
import { type Cursor, placeOf, TextHash } from "../../server/text/index.ts";

const LINES = 100_000;
const TYPED = 40;
const ROUNDS = 10;

const line = (index: number) => `    total_${index} = first_${index} + second[${index % 97}]\n`;
const half = (from: number) => Array.from({ length: LINES / 2 }, (_, index) => line(from + index)).join("");
const before = half(0);
const after = half(LINES / 2);
const said = "result = combine(first, second, third, fourth)";

const cursorAt = (text: string, offset: number, hash: TextHash): Cursor => ({
  snapshot: { uri: "file:///long.py", languageId: "python", version: 1, text, offset },
  hash,
});

const entry = {
  text: said,
  finishReason: "lineEnd" as const,
  confidence: undefined,
  explicit: false,
  usage: new TokenUsage().begin(),
};
const times: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  let text = before + after;
  let hash = new TextHash(text);
  const cache = new CompletionCache();
  const fill = placeOf(cursorAt(text, before.length, hash));
  for (let other = 1; other < 250; other++)
    cache.add({ ...entry, place: { ...fill, before: [other, other] } });
  cache.add({ ...entry, place: fill });
  for (let typed = 1; typed <= TYPED; typed++) {
    const at = before.length + typed;
    text = text.slice(0, at - 1) + said.charAt(typed - 1) + text.slice(at - 1);
    const start = performance.now();
    hash = hash.edited(text, at - 1, text.length - at);
    const found = cache.find(cursorAt(text, at, hash), false);
    times.push(performance.now() - start);
    if (found?.text !== said.slice(typed)) throw new Error(`Not known after ${typed} characters.`);
  }
}
console.log(
  `${before.length + after.length} characters, ${times.length} look-ups: p50 ${quantile(times, 0.5).toFixed(2)} ms, p90 ${quantile(times, 0.9).toFixed(2)} ms, most ${quantile(times, 1).toFixed(2)} ms`,
);
