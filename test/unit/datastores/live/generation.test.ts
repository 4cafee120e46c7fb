import assert from "node:assert/strict";
import { test } from "node:test";
import { hash, NONE } from "../../../../datastores/live/chains.ts";
import { Generation, Renewal } from "../../../../datastores/live/generation.ts";

/** Names of the files in a log, in order, without those that were removed. */
const namesIn = ({ log, files }: Generation) =>
  log.segments.flatMap(({ name, start }) => (files.get(name)?.start === start ? name : []));

test("a step of a renewal copies few files, and all steps together what is left of the original, in its order", () => {
  const original = new Generation(1000);
  for (const name of ["a", "b", "c", "d"]) original.add(name, Int32Array.of(1, 2, 3));
  const renewal = new Renewal(original);
  assert.equal(renewal.advance(8), false);
  assert.deepEqual(namesIn(renewal.copy), ["a", "b"]);
  // Meanwhile a copied file is replaced, and one that is not copied yet is removed.
  renewal.copy.remove("a");
  original.remove("a");
  original.add("a", Int32Array.of(7, 8));
  original.remove("c");
  assert.equal(renewal.advance(100), true);
  assert.deepEqual(namesIn(renewal.copy), ["b", "d", "a"]);
  assert.deepEqual([renewal.copy.live, original.live], [11, 11]);
  const { log, files } = renewal.copy;
  const { start = 0, end } = files.get("a") ?? {};
  assert.deepEqual([...log.tokens.subarray(start, end)], [-1, 7, 8]);
});

test("a log and its chains that outgrow their capacity keep what is in them", () => {
  const generation = new Generation(4);
  const files = Array.from({ length: 20 }, (_, i) => [5, 6, 7, 8, 100 + i]);
  for (const [i, tokens] of files.entries()) generation.add(`${i}`, Int32Array.from(tokens));
  const { log, long, short } = generation;
  assert.deepEqual(
    [...log.tokens.subarray(0, log.size)],
    files.flatMap(tokens => [-1, ...tokens]),
  );
  for (let position = 0; position < log.size; position++)
    assert.equal(log.nameAt(position), `${Math.floor(position / 6)}`);
  for (const chains of [long, short]) {
    const found: number[] = [];
    let position = chains.latest(hash(Int32Array.of(5, 6, 7, 8), 4, chains.width));
    for (; position !== NONE; position = chains.before(position)) found.push(position);
    // The token 8 of each file, the latest first.
    assert.deepEqual(found, files.map((_, i) => 6 * i + 4).reverse());
  }
});
