import { test } from "node:test";
import { LiveIndex } from "../../../../datastores/live/liveIndex.ts";
import { TokenHistory } from "../../../../server/draft/history.ts";
import type { DraftSource } from "../../../../server/draft/source.ts";
import { CorpusDrafts } from "../../../../server/draft/sources/corpus.ts";
import { DocumentSource } from "../../../../server/draft/sources/document.ts";
import { LiveCorpus } from "../../../../server/draft/sources/liveCorpus.ts";
import { NearbySource } from "../../../../server/draft/sources/nearby.ts";
import { RecycledTokens, RecyclingSource } from "../../../../server/draft/sources/recycling.ts";
import { RecentTexts } from "../../../../server/draft/sources/remembered.ts";
import { SourceThrottle } from "../../../../server/draft/sourceThrottle.ts";
import { TokenTexts } from "../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../fakes/pieces.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { chain } from "./sources/chain.ts";

const texts = new TokenTexts(new PieceVocabulary([]));

test("every source copes with empty texts, one repeated token, noise and tokens outside the vocabulary", () => {
  const random = seeded(9);
  const histories = [
    new Int32Array(0),
    new Int32Array(100_000).fill(7),
    Int32Array.from({ length: 20_000 }, () => below(random, 256)),
    Int32Array.from({ length: 2_000 }, () => 1e9 + below(random, 5)),
  ];
  for (const tokens of histories) {
    const index = new LiveIndex(200_000);
    index.put("same", tokens);
    const recent = new RecentTexts();
    recent.add(tokens);
    const sources: DraftSource[] = [
      new DocumentSource(tokens.length, texts),
      new NearbySource("ahead", { tokens, size: tokens.length }, texts),
      new NearbySource("recent", recent, texts),
      new CorpusDrafts(
        { name: "workspace", corpus: new LiveCorpus(index, {}), throttle: new SourceThrottle() },
        texts,
      ),
      new RecyclingSource(new RecycledTokens(256)),
    ];
    const history = new TokenHistory(tokens, texts.vocabulary);
    for (const source of sources)
      for (let step = 0; step < 20; step++) {
        chain(source, history, 20);
        history.push(step % 3 === 0 ? 7 : below(random, 256));
      }
  }
});
