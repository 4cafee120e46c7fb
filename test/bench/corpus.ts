/** `foretoken bench retrieval` and `bench build`: the costs of indexing and searching real code on this machine. */
import { SEPARATOR } from "../../datastores/index/index.ts";
import { listInputs, readInput } from "../../datastores/sources/index.ts";
import { specOf } from "../../server/corpus/index.ts";
import { type LlamaVocabulary, WordTokenizer } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { spread } from "./figures.ts";
import { retrievalBench, retrievalTable } from "./retrieval.ts";

export interface CorpusOptions {
  /** As in `datastore build --source`; only local sources. */
  readonly source: string;
  readonly signal: AbortSignal;
}

async function* texts({ source, signal }: CorpusOptions): AsyncGenerator<string> {
  for (const input of await listInputs(specOf(source), { signal }))
    if (input.kind !== "remote")
      for await (const { text } of readInput(input, { signal })) if (text.trim() !== "") yield text;
}

/** The corpus as one stream of documents joined by `SEPARATOR`, of at most `most` tokens. */
async function tokenStream(
  vocabulary: LlamaVocabulary,
  most: number,
  options: CorpusOptions,
): Promise<Uint32Array> {
  const tokenizer = new WordTokenizer(vocabulary);
  const stream = new Uint32Array(most);
  let length = 0;
  for await (const text of texts(options)) {
    const tokens = tokenizer.tokenize(text);
    if (length + tokens.length + 1 > most) break;
    stream.set(tokens, length);
    length += tokens.length;
    stream[length++] = SEPARATOR;
  }
  return stream.subarray(0, Math.max(0, length - 1));
}

/** Tokens beyond the largest index, from which the contexts are taken. */
const HELD_OUT_TOKENS = 1_000_000;
/** The document that would make the stream too long is left out. */
const LARGEST_DOCUMENT_TOKENS = 1 << 20;

export async function measureRetrieval(
  vocabulary: LlamaVocabulary,
  sizes: readonly number[],
  queries: number,
  options: CorpusOptions & { readonly onLine: (line: string) => void },
) {
  const stream = await tokenStream(
    vocabulary,
    Math.max(...sizes) + HELD_OUT_TOKENS + LARGEST_DOCUMENT_TOKENS,
    options,
  );
  const fitting = sizes.filter(size => size + HELD_OUT_TOKENS <= stream.length);
  if (fitting.length === 0)
    throw new UsageError(
      `${options.source} has ${stream.length} tokens; the smallest size takes ${Math.min(...sizes) + HELD_OUT_TOKENS}.`,
    );
  const report = await retrievalBench({
    sizes: fitting,
    queries,
    tokens: count => stream.subarray(0, count),
    onLine: options.onLine,
  });
  return { report, table: retrievalTable(report) };
}

/** Bytes of text in a block: the two tokenizers alternate block by block. */
const BLOCK_BYTES = 1 << 20;

/** Tokens per second of the corpus tokenizer and of llama.cpp's, both on one thread and on the same texts. */
export async function measureTokenizing(vocabulary: LlamaVocabulary, blocks: number, options: CorpusOptions) {
  const tokenizer = new WordTokenizer(vocabulary);
  const ratios: number[] = [];
  const rates = { words: [] as number[], whole: [] as number[] };
  let block: string[] = [];
  let bytes = 0;
  let same = true;
  for await (const text of texts(options)) {
    block.push(text);
    bytes += text.length;
    if (bytes < BLOCK_BYTES) continue;
    const words = timed(tokenizer, block);
    const whole = timed(vocabulary, block);
    same &&= words.tokens === whole.tokens;
    rates.words.push(words.tokens / words.seconds);
    rates.whole.push(whole.tokens / whole.seconds);
    ratios.push(whole.seconds / words.seconds);
    block = [];
    bytes = 0;
    if (ratios.length === blocks) break;
  }
  return {
    source: options.source,
    blocks: ratios.length,
    sameTokens: same,
    tokensPerSecond: { byWords: spread(rates.words), llamaCpp: spread(rates.whole) },
    ratio: spread(ratios),
  };
}

function timed(tokenizer: Pick<WordTokenizer, "tokenize">, block: readonly string[]) {
  const start = performance.now();
  let tokens = 0;
  for (const text of block) tokens += tokenizer.tokenize(text).length;
  return { tokens, seconds: (performance.now() - start) / 1000 };
}
