import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveIndex } from "../../../../../datastores/live/liveIndex.ts";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { CorpusDrafts } from "../../../../../server/draft/sources/corpus.ts";
import { DocumentSource } from "../../../../../server/draft/sources/document.ts";
import { LiveCorpus } from "../../../../../server/draft/sources/liveCorpus.ts";
import { SourceThrottle } from "../../../../../server/draft/sourceThrottle.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
import { below, seeded } from "../../../../fakes/random.ts";
import { compareOffers, type Place } from "../expectedOffers.ts";
import { chain } from "./chain.ts";

const vocabulary = new PieceVocabulary([" return", " retu", "rn", " value", "\n"]);

test("the continuations of words that begin alike are drafted inside a word, from the document and other files", () => {
  const before = vocabulary.tokenize("a return value\nb retu");
  const document = new DocumentSource(before.length, new TokenTexts(vocabulary));
  const expected = [vocabulary.token("rn"), vocabulary.token(" value")];
  assert.deepEqual(chain(document, new TokenHistory(before, vocabulary), 2), expected);
  const index = new LiveIndex(1000);
  index.put("other", vocabulary.tokenize("xyz\nb return value\n"));
  const corpus = new LiveCorpus(index, {});
  const other = new CorpusDrafts(
    { name: "workspace", corpus, throttle: new SourceThrottle() },
    new TokenTexts(vocabulary),
  );
  assert.deepEqual(chain(other, new TokenHistory(vocabulary.tokenize("q\nb retu"), vocabulary), 2), expected);
});

test("a word tokenized in a corpus as the model has it is found where healing finds nothing", () => {
  const index = new LiveIndex(1000);
  const [retu, rn] = [vocabulary.token(" retu"), vocabulary.token("rn")];
  index.put("odd", Int32Array.of(5, 6, 7, retu, rn, 8));
  const source = new CorpusDrafts(
    { name: "workspace", corpus: new LiveCorpus(index, {}), throttle: new SourceThrottle() },
    new TokenTexts(vocabulary),
  );
  const history = new TokenHistory(Int32Array.of(99, 7, retu), vocabulary);
  assert.deepEqual(chain(source, history, 2), [rn, 8]);
});

test("all that a corpus knows of a place counts, and nothing of an earlier search", () => {
  const random = seeded(31);
  const text = () => Array.from({ length: below(random, 5) }, () => below(random, 3));
  const [most, width] = [6, 4];
  for (const knows of [true, false]) {
    let places: Place[] = [];
    const corpus = {
      continuation: width,
      continuations: new Int32Array(most * width),
      matchLengths: new Uint8Array(most),
      weights: new Float32Array(most),
      ...(knows && { nearnesses: new Float32Array(most), recencies: new Float32Array(most) }),
      get count() {
        return places.length;
      },
      find(tokens: Int32Array, end: number) {
        assert.deepEqual([...tokens.subarray(0, end)], [8, 9]);
        this.continuations.fill(-1);
        for (const [i, place] of places.entries()) this.continuations.set(place.tokens, i * width);
        this.matchLengths.set(places.map(({ length }) => length));
        this.weights.set(places.map(({ weight }) => weight));
        this.nearnesses?.set(places.map(({ nearness }) => nearness));
        this.recencies?.set(places.map(({ recency }) => recency));
      },
    };
    const source = new CorpusDrafts({ name: "workspace", corpus, throttle: new SourceThrottle() });
    for (let round = 0; round < 50; round++) {
      places = Array.from({ length: below(random, most + 1) }, () => ({
        tokens: text(),
        length: 1 + below(random, 9),
        weight: 1 + below(random, 9),
        recency: knows ? below(random, 5) / 4 : 0,
        nearness: knows ? below(random, 5) / 4 : 0,
      }));
      source.search(new TokenHistory(Int32Array.of(8, 9)));
      compareOffers((...asked) => source.children(...asked), places);
    }
  }
});
