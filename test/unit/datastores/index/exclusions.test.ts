import assert from "node:assert/strict";
import { test } from "node:test";
import { DocumentList } from "../../../../datastores/index/documents.ts";
import { Exclusions } from "../../../../datastores/index/exclusions.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { corpusOf } from "./corpus.ts";

test("exactly the tokens of excluded documents are covered, in whatever order they are excluded", () => {
  const random = seeded(41);
  for (let round = 0; round < 100; round++) {
    const texts = Array.from({ length: 1 + below(random, 12) }, () =>
      Array<number>(Math.max(0, below(random, 6) - 2)).fill(1),
    );
    // Without separators, an empty document begins where the next one does.
    let start = below(random, 3);
    const documents = corpusOf(texts).documents.map(document => {
      const moved = { ...document, start };
      start += document.length + below(random, 2);
      return moved;
    });
    const exclusions = new Exclusions();
    const excluded = new Set<number>();
    for (let call = 0; call < 3; call++) {
      const added = Array.from({ length: below(random, 4) }, () => below(random, documents.length));
      exclusions.add(added, new DocumentList(documents));
      for (const index of added) excluded.add(index);
      assert.equal(exclusions.count, excluded.size);
      const isFree = (position: number) =>
        !documents.some(
          (each, i) => excluded.has(i) && position >= each.start && position < each.start + each.length,
        );
      const positions = Array.from({ length: start + 2 }, (_, position) => position);
      for (const position of positions) assert.equal(exclusions.covers(position), !isFree(position));
      for (const index of documents.keys()) assert.equal(exclusions.has(index), excluded.has(index));
      const sifted = Uint32Array.from(positions);
      const kept = exclusions.sift(sifted, positions.length);
      assert.deepEqual([...sifted.subarray(0, kept)], positions.filter(isFree));
    }
  }
});

test("if one of several documents does not exist, none of them is excluded", () => {
  const exclusions = new Exclusions();
  const { documents } = corpusOf([[1], [2]]);
  assert.throws(() => exclusions.add([0, 2], new DocumentList(documents)), RangeError);
  assert.deepEqual([exclusions.count, exclusions.has(0), exclusions.covers(0)], [0, false, false]);
});
