/** A thread that tokenizes batches of texts with a model's tokenizer, which it loads for itself. */
import { parentPort, workerData } from "node:worker_threads";
import { loadVocabulary, WordTokenizer } from "../engine/index.ts";
import { withLineFeeds } from "../text/index.ts";
import { END, type TokenizeRequest, type TokenizeResponse } from "./tokenizerPool.ts";

const port = parentPort;
if (!port) throw new Error("this is the code of a worker thread");

const outcome = await loadVocabulary((workerData as { modelPath: string }).modelPath);
if ("problem" in outcome) throw new Error(`${outcome.problem.message} ${outcome.problem.remedy}`);
const { vocabulary, dispose } = outcome;
const tokenizer = new WordTokenizer(vocabulary);

port.on("message", (request: TokenizeRequest | typeof END) => {
  if (request === END) {
    dispose();
    port.close();
    return;
  }
  const { id, texts } = request;
  // Prompts have line feeds alone: no draft could go on beyond another line end.
  const each = texts.map(text => tokenizer.tokenize(withLineFeeds(text)));
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
