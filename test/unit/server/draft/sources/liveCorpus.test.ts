import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveIndex } from "../../../../../datastores/live/liveIndex.ts";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { FEATURE_COUNT, Feature, Offers, ROOT_CURSOR } from "../../../../../server/draft/source.ts";
import { CorpusDrafts } from "../../../../../server/draft/sources/corpus.ts";
import { LiveCorpus } from "../../../../../server/draft/sources/liveCorpus.ts";
import { SourceThrottle } from "../../../../../server/draft/sourceThrottle.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";

const texts = new TokenTexts(new PieceVocabulary([]));

test("files of the same folder count as nearer", () => {
  const index = new LiveIndex(1000);
  index.put("/p/a/one.py", Int32Array.of(1, 2, 3));
  index.put("/p/b/two.py", Int32Array.of(1, 2, 4));
  const corpus = new LiveCorpus(index, { nearness: file => (file.startsWith("/p/a/") ? 1 : 0.25) });
  const source = new CorpusDrafts({ name: "workspace", corpus, throttle: new SourceThrottle() }, texts);
  source.search(new TokenHistory(Int32Array.of(1, 2)));
  const offers = new Offers();
  source.children(ROOT_CURSOR, 2, offers);
  const nearness = new Map(
    Array.from({ length: offers.count }, (_, i) => [
      offers.tokens[i],
      offers.features[i * FEATURE_COUNT + Feature.nearness],
    ]),
  );
  assert.deepEqual(
    nearness,
    new Map([
      [4, 0.25],
      [3, 1],
    ]),
  );
});
