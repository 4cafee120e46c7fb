/**
 * A process that compares the tokens of two models: `compareTokens.js MODEL OTHER`. It is a separate process because
 * llama.cpp ends the process on some damaged files, and nobody has chosen the other model.
 */
import { haveSameTokens } from "./loadBeside.ts";
import { loadVocabulary } from "./modelFile.ts";
import { SAME_TOKENS } from "./sameTokens.ts";

const [one, other] = await Promise.all(process.argv.slice(2, 4).map(loadVocabulary));
const areSame =
  one !== undefined &&
  other !== undefined &&
  "vocabulary" in one &&
  "vocabulary" in other &&
  haveSameTokens(one.vocabulary, other.vocabulary);
process.stdout.write(`${areSame ? SAME_TOKENS : "other"}\n`, () => process.exit(0));
