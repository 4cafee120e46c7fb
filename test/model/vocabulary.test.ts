/** A vocabulary of SentencePiece's kind, in a model file without weights. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadVocabulary } from "../../server/engine/modelFile.ts";
import type { LlamaVocabulary } from "../../server/engine/vocabulary.ts";
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

/** Loads the vocabulary for a check. */
async function withVocabulary(check: (vocabulary: LlamaVocabulary) => void) {
  const types = [TYPE.unknown, TYPE.control, TYPE.control, ...BYTES.map(() => TYPE.byte)];
  const path = writeModel(join(folder, "spm.gguf"), {
    shape: "tiny-swa",
    metadata: {
      "tokenizer.ggml.model": { type: "string", value: "llama" },
      "tokenizer.ggml.tokens": { type: "strings", value: [...CONTROLS, ...BYTES, ...NORMALS] },
      "tokenizer.ggml.token_type": { type: "i32s", value: [...types, ...NORMALS.map(() => TYPE.normal)] },
    },
  });
  const outcome = await loadVocabulary(path);
  if ("problem" in outcome) throw new Error(outcome.problem.message);
  check(outcome.vocabulary);
  outcome.dispose();
}

test("a tokenizer that puts a blank before a text puts none before text that follows other text", () =>
  withVocabulary(vocabulary => {
    const written = (tokens: Int32Array) =>
      Buffer.concat([...tokens].map(token => vocabulary.bytes(token))).toString();
    for (const text of [")", "x(x)", " x", "\n\n  x", "\u8a9e"]) {
      assert.equal(written(vocabulary.tokenize(text)), ` ${text}`);
      assert.equal(written(vocabulary.tokenize(text, true)), text);
    }
    assert.deepEqual(vocabulary.tokenize("", true), new Int32Array(0));
  }));
