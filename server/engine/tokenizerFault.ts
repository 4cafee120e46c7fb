/** What is wrong with a model's tokenizer, where it cannot be used for code or would end the process. */
import type { Library, Pointer } from "./libllama.ts";
import { LlamaVocabulary } from "./vocabulary.ts";

/** llama.cpp's `llama_vocab_type` of vocabularies without a tokenizer, with which tokenizing ends the process. */
const NONE = 0;
/** SentencePiece's byte pairs: what has no token is written in bytes, and a missing byte ends the process. */
const SENTENCE_PIECE = 1;

/** Characters of all lengths in UTF-8, and text that vocabularies have few tokens for. */
const TRIAL_TEXT = "def f(x):\n\treturn 'é語😀' \u0001\u0007\u007f\ufffd\n";
/** Capitals, indentation, line ends and empty lines, which tokenizers for prose drop. */
const TRIAL_CODE = "class A_1:\n\n    def f(x):\n\t\treturn B['c']  # Done\n";

/** A predicate of the model's file; undefined if its tokenizer can be used. */
export function tokenizerFault(library: Library, vocab: Pointer): string | undefined {
  const type = library.vocabType(vocab);
  if (type === NONE) return "has no tokenizer";
  const vocabulary = new LlamaVocabulary(library, vocab, "");
  const isToken = (token: number) => token >= 0 && token < vocabulary.size;
  const hasBytes = type !== SENTENCE_PIECE || hasEachByte(vocabulary);
  if (!hasBytes || !vocabulary.tokenize(TRIAL_TEXT).every(isToken))
    return "has a tokenizer that cannot represent every text";
  // Some tokenizers put a blank before each text.
  return [TRIAL_CODE, ` ${TRIAL_CODE}`].includes(textOf(vocabulary, vocabulary.tokenize(TRIAL_CODE)))
    ? undefined
    : "has a tokenizer for prose, which changes the line ends, indentation or capitals of code";
}

const textOf = (vocabulary: LlamaVocabulary, tokens: Int32Array): string =>
  Buffer.concat([...tokens].map(token => vocabulary.bytes(token))).toString();

/** Whether each byte that UTF-8 text can have is a token. */
function hasEachByte(vocabulary: LlamaVocabulary): boolean {
  const missing = new Set<number>();
  for (let byte = 0; byte <= 0xf4; byte++) if (byte !== 0xc0 && byte !== 0xc1) missing.add(byte);
  // Tokens of bytes are among the first ones, as a rule.
  for (let token = 0; token < vocabulary.size && missing.size > 0; token++) {
    const bytes = vocabulary.bytes(token);
    if (bytes.length === 1) missing.delete(bytes[0]);
  }
  return missing.size === 0;
}
