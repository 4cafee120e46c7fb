/** `foretoken bench search`: searches of one store, ours beside REST's as ported and as compiled. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore } from "../../datastores/build/index.ts";
import { openCorpus, withVocabulary } from "../../server/corpus/index.ts";
import { randomNumbers } from "../../server/draft/index.ts";
import type { LlamaVocabulary } from "../../server/engine/index.ts";
import { ArgumentsError, defaultModelPath, UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { codeFiles, standardLibrary } from "./codeFiles.ts";
import { print, progress } from "./command.ts";
import { searchBench, searchTable } from "./searchBench.ts";

/** Tokens of a context. */
const CONTEXT = 32;
const SEED = 1;

export async function searchCommand(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      datastore: { type: "string" },
      corpus: { type: "string" },
      queries: { type: "string" },
      model: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const directory = path(values.datastore);
  if (!directory) throw new ArgumentsError("bench search needs --datastore FOLDER.");
  const queries = whole(values, "queries", 2000, 1);
  const corpus = path(values.corpus) ?? standardLibrary();
  await withVocabulary(path(values.model) ?? defaultModelPath(), async vocabulary => {
    const { store: file } = openCorpus(directory, vocabulary.fingerprint);
    const memory = openStore(directory, "memory");
    const folder = mkdtempSync(join(tmpdir(), "foretoken-search-"));
    try {
      const contexts = contextsOf(corpus, vocabulary, queries);
      const report = await searchBench({ file, memory }, contexts, folder, progress);
      progress("");
      const processor = cpus()[0]?.model.trim() ?? "unknown";
      if (values.json) print(JSON.stringify({ processor, ...report }, null, 2));
      else print(`${processor}, one thread\n\n${searchTable(report)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      memory.close();
      file.close();
    }
  });
}

/** Ends of text drawn at random from a folder's code. Throws a `UsageError` where it has too little. */
function contextsOf(folder: string, vocabulary: LlamaVocabulary, count: number): Int32Array[] {
  const random = randomNumbers(SEED);
  const files = codeFiles(folder);
  const contexts: Int32Array[] = [];
  const perFile = Math.max(1, Math.ceil((2 * count) / Math.max(1, files.length)));
  for (const file of files) {
    const tokens = vocabulary.tokenize(readFileSync(file, "utf8"));
    for (let i = 0; i < perFile && tokens.length >= CONTEXT; i++) {
      const start = Math.floor(random() * (tokens.length - CONTEXT + 1));
      contexts.push(tokens.slice(start, start + CONTEXT));
    }
    if (contexts.length >= count) break;
  }
  if (contexts.length === 0) throw new UsageError(`${folder} has no code of ${CONTEXT} tokens.`);
  return contexts.slice(0, count);
}
