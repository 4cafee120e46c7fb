/** Vocabularies: of SentencePiece's kind, in a model file without weights, and the fixture's. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadVocabulary } from "../../server/engine/modelFile.ts";
import type { LlamaVocabulary } from "../../server/engine/vocabulary.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { writeModel } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-vocabulary-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** ggml's token types. */
const TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 };
const CONTROLS = ["<unk>", "<s>", "</s>"];
const BYTES = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);
const NORMALS = ["\u2581", "(", ")", "x", "\u2581x", "\u2581)"];

/** Loads the vocabulary of a model for a check. */
async function withVocabularyOf(path: string, check: (vocabulary: LlamaVocabulary) => void) {
  const outcome = await loadVocabulary(path);
  if ("problem" in outcome) throw new Error(outcome.problem.message);
  check(outcome.vocabulary);
  outcome.dispose();
}

const withFixture = (check: (vocabulary: LlamaVocabulary) => void) =>
  withVocabularyOf(fixtureModelPath(), check);

/** The same for one of SentencePiece's kind. */
function withSentencePiece(check: (vocabulary: LlamaVocabulary) => void) {
  const types = [TYPE.unknown, TYPE.control, TYPE.control, ...BYTES.map(() => TYPE.byte)];
  const path = writeModel(join(folder, "spm.gguf"), {
    shape: "tiny-swa",
    metadata: {
      "tokenizer.ggml.model": { type: "string", value: "llama" },
      "tokenizer.ggml.tokens": { type: "strings", value: [...CONTROLS, ...BYTES, ...NORMALS] },
      "tokenizer.ggml.token_type": { type: "i32s", value: [...types, ...NORMALS.map(() => TYPE.normal)] },
    },
  });
  return withVocabularyOf(path, check);
}

const textOf = (vocabulary: LlamaVocabulary, tokens: Int32Array) =>
  new TextDecoder().decode(Buffer.concat([...tokens].map(token => vocabulary.bytes(token))));

test("a tokenizer that puts a blank before a text puts none before text that follows other text", () =>
  withSentencePiece(vocabulary => {
    const written = (tokens: Int32Array) => textOf(vocabulary, tokens);
    for (const text of [")", "x(x)", " x", "\n\n  x", "\u8a9e"]) {
      assert.equal(written(vocabulary.tokenize(text)), ` ${text}`);
      assert.equal(written(vocabulary.tokenize(text, true)), text);
    }
    assert.deepEqual(vocabulary.tokenize("", true), new Int32Array(0));
  }));

test("the text of a control token in a document is tokenized as text", () =>
  withFixture(vocabulary => {
    const { fillMiddle } = vocabulary.special;
    assert.ok(fillMiddle !== undefined);
    assert.ok(!vocabulary.tokenize("a <|fim_middle|> b").includes(fillMiddle));
  }));

test("a lone surrogate is tokenized as the replacement character", () =>
  withFixture(vocabulary => {
    assert.equal(textOf(vocabulary, vocabulary.tokenize("a\ud800b")), "a\ufffdb");
  }));

test("text survives tokenization and decoding unchanged", () =>
  withFixture(vocabulary => {
    for (const text of ["def f(x):\n\treturn 'é🙂'\n", "a\0b", "\u00a0", "x".repeat(20_000)])
      assert.equal(textOf(vocabulary, vocabulary.tokenize(text)), text);
  }));

test("control tokens are found by their text, and nothing else is", () =>
  withFixture(vocabulary => {
    assert.equal(vocabulary.find("<|fim_middle|>"), vocabulary.special.fillMiddle);
    assert.equal(vocabulary.find("def"), undefined);
    assert.equal(vocabulary.find("<|fim_middle|>x"), undefined);
    assert.ok(vocabulary.tokenize("<|fim_middle|>").length > 1);
  }));
