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

test("a row has what follows in its file, up to 24 tokens, and how near and recent the file is", () => {
  const index = new LiveIndex(10_000);
  const rest = (file: number) => Array.from({ length: file }, (_, i) => 100 * file + i);
  for (let file = 1; file <= 30; file++) index.put(String(file), Int32Array.of(file, 7, 8, ...rest(file)));
  const options = {
    except: "5",
    nearness: (file: string) => Number(file) / 64,
    recency: (file: string) => Number(file) / 32,
  };
  for (const [nearness, recency] of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const corpus = new LiveCorpus(index, {
      except: options.except,
      ...(nearness && { nearness: options.nearness }),
      ...(recency && { recency: options.recency }),
    });
    corpus.find(Int32Array.of(0, 7, 8, 5), 3);
    const rows = Array.from({ length: corpus.count }, (_, row) => {
      const all = [
        ...corpus.continuations.subarray(row * corpus.continuation, (row + 1) * corpus.continuation),
      ];
      const end = all.findIndex(token => token < 0);
      const tokens = end < 0 ? all : all.slice(0, end);
      return [
        tokens,
        corpus.matchLengths[row],
        corpus.weights[row],
        corpus.nearnesses[row],
        corpus.recencies[row],
      ];
    });
    const files = Array.from({ length: 30 }, (_, i) => 30 - i).filter(file => file !== 5);
    assert.deepEqual(
      rows,
      files
        .slice(0, rows.length)
        .map(file => [rest(file).slice(0, 24), 2, 1, nearness ? file / 64 : 0, recency ? file / 32 : 0]),
    );
    assert.ok(rows.length > 25, `${rows.length} rows`);
  }
});
