/** A thread that tokenizes batches of texts with a model's tokenizer, which it loads for itself. */
import { parentPort, workerData } from "node:worker_threads";
import { loadVocabulary, WordTokenizer } from "../engine/index.ts";
import type { TokenizeRequest, TokenizeResponse } from "./tokenizerPool.ts";

const port = parentPort;
if (!port) throw new Error("this is the code of a worker thread");

const outcome = await loadVocabulary((workerData as { modelPath: string }).modelPath);
if ("problem" in outcome) throw new Error(`${outcome.problem.message} ${outcome.problem.remedy}`);
const tokenizer = new WordTokenizer(outcome.vocabulary);

port.on("message", ({ id, texts }: TokenizeRequest) => {
  const each = texts.map(text => tokenizer.tokenize(text));
  const lengths = Int32Array.from(each, ({ length }) => length);
  const tokens = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const some of each) {
    tokens.set(some, offset);
    offset += some.length;
  }
  const response: TokenizeResponse = { id, tokens, lengths };
  port.postMessage(response, [tokens.buffer, lengths.buffer]);
});
