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
