import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadVocabulary } from "../../server/engine/modelFile.ts";
import type { LlamaVocabulary } from "../../server/engine/vocabulary.ts";
import { tokenizerFingerprint, WordTokenizer } from "../../server/engine/wordTokenizer.ts";
import { defaultModelPath, packageRoot } from "../../server/system/paths.ts";
import { below, seeded } from "../fakes/random.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

let vocabulary: LlamaVocabulary;
let dispose = () => {};
before(async () => {
  const outcome = await loadVocabulary(fixtureModelPath());
  if ("problem" in outcome) throw new Error(outcome.problem.message);
  vocabulary = outcome.vocabulary;
  dispose = outcome.dispose;
});
after(() => dispose());

const withKind = (pretokenizerKind: string) =>
  Object.assign(Object.create(vocabulary), { pretokenizerKind }) as LlamaVocabulary;

test("looking up words gives the same tokens as tokenizing the whole text", () => {
  const tokenizer = new WordTokenizer(vocabulary);
  assert.ok(tokenizer.isFast);
  const texts = ["test/fixtures/workspace/sample.py", "server/engine/load.ts", "README.md"].map(file =>
    readFileSync(join(packageRoot(), file), "utf8"),
  );
  const random = seeded(3);
  const alphabet = [..."ab Z_0\n\r\t '\"().=é你🙂²½\u00a0\ud800"];
  for (let i = 0; i < 200; i++)
    texts.push(Array.from({ length: 80 }, () => alphabet[below(random, alphabet.length)]).join(""));
  for (const text of [...texts, "x".repeat(100_000), ""])
    assert.deepEqual(tokenizer.tokenize(text), vocabulary.tokenize(text), JSON.stringify(text.slice(0, 100)));
});

test("white space and digits that JavaScript classifies differently are split as llama.cpp splits them", async () => {
  const outcome = await loadVocabulary(defaultModelPath());
  assert.ok("vocabulary" in outcome);
  for (const own of [vocabulary, outcome.vocabulary]) {
    const tokenizer = new WordTokenizer(own);
    assert.ok(tokenizer.isFast);
    for (const character of [
      "\ufeff",
      "\u0085",
      "\u180e",
      "\u001c",
      "\u0378",
      "\u{10d40}",
      "\u{11bf3}",
      "\u00a0",
    ])
      for (const around of [" ", "  ", "\r\n", "1", "a", "-", "'"]) {
        const text = `${around}${character}${around} ${character}${character}\n${character}2`;
        assert.deepEqual(tokenizer.tokenize(text), own.tokenize(text), JSON.stringify(text));
      }
  }
  outcome.dispose();
});

test("texts are tokenized whole for a pre-tokenizer that splits words differently or is unknown", () => {
  for (const kind of ["gpt-2", "starcoder", "unheard-of"]) {
    const tokenizer = new WordTokenizer(withKind(kind));
    assert.equal(tokenizer.isFast, false, kind);
    const text = "value = 123456\n    return {'it''s'}\n";
    assert.deepEqual(tokenizer.tokenize(text), vocabulary.tokenize(text));
  }
});

test("a tokenizer's fingerprint is stable and depends on how it splits words", () => {
  const fingerprint = tokenizerFingerprint(vocabulary);
  assert.match(fingerprint, /^[0-9a-f]{32}$/);
  assert.equal(tokenizerFingerprint(vocabulary), fingerprint);
  assert.notEqual(tokenizerFingerprint(withKind("gpt-2")), fingerprint);
});

test("a file that is not a model is reported as a problem", async () => {
  const outcome = await loadVocabulary(join(packageRoot(), "README.md"));
  assert.ok("problem" in outcome && outcome.problem.message.includes("not a GGUF file"));
});
