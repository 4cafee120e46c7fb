/**
 * `foretoken bench memory`: memory of the built server while a simulated user types in several files, over LSP. Text of
 * real files is typed key by key, a completion is requested after each, and from time to time one is accepted or undone, or
 * the file is changed. The server's process reports its memory; at the end it collects garbage, frees its model, and
 * collects again, which distinguishes growth from what is kept on purpose.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { randomNumbers } from "../../server/draft/index.ts";
import { FreeMemoryRequest } from "../../server/protocol/index.ts";
import { UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { codeFiles, largestPackage, standardLibrary } from "./codeFiles.ts";
import { print, progress } from "./command.ts";
import { type ServerProcess, startServer } from "./editor/serverProcess.ts";
import { table } from "./figures.ts";
import { type MemorySample, memoryProbe } from "./memoryProbe.ts";
import { TypedDocument } from "./typedDocument.ts";

/** Keys typed in a file before switching to the next one. */
const KEYS_IN_A_FILE = 160;
const FILES = 6;
/** Only this many characters from the start of a file are used. */
const LONGEST_FILE = 40_000;
const SHORTEST_FILE = 4_000;
const SAMPLE_MS = 5_000;
/** Users stop to read suggestions; on a busy machine these take a while. */
const PAUSE = { afterKeys: 12, mostMs: 15_000 };
/** Keys after which the last insertion is undone. */
const UNDO_EVERY = 48;

export async function memoryCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string" },
      keys: { type: "string" },
      model: { type: "string" },
      corpus: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const minutes = whole(values, "minutes", 10, 1);
  const keysPerSecond = whole(values, "keys", 8, 1);
  const corpus = path(values.corpus) ?? largestPackage(standardLibrary());
  const texts = codeFiles(corpus)
    .map(file => ({ file, text: readFileSync(file, "utf8").slice(0, LONGEST_FILE) }))
    .filter(({ text }) => text.length >= SHORTEST_FILE)
    .slice(0, FILES);
  if (texts.length < 2) throw new UsageError(`${corpus} has fewer than two files of some length to type in.`);
  const storage = mkdtempSync(join(tmpdir(), "foretoken-memory-"));
  const probe = memoryProbe(join(storage, "memory.jsonl"), SAMPLE_MS);
  const server = await startServer({
    nodeArguments: probe.nodeArguments,
    folders: [corpus],
    initializationOptions: {
      storageDirectory: storage,
      settings: { modelPath: path(values.model) ?? "", firstDatastore: false },
    },
  });
  try {
    const typed = await type(server, texts, { minutes, keysPerSecond, signal });
    const samples = probe.samples(server.pid);
    const collected = await probe.collected(server.pid);
    await server.connection.sendRequest(FreeMemoryRequest);
    const freed = await probe.collected(server.pid);
    const report = { corpus: basename(corpus), minutes, keysPerSecond, ...typed, samples, collected, freed };
    print(values.json ? JSON.stringify(report, null, 2) : described(report));
  } finally {
    server.stop();
    rmSync(storage, { recursive: true, force: true });
  }
}

interface Typing {
  readonly minutes: number;
  readonly keysPerSecond: number;
  readonly signal: AbortSignal;
}

interface Typed {
  readonly keys: number;
  readonly completions: number;
  readonly accepted: number;
}

async function type(
  server: ServerProcess,
  texts: readonly { readonly file: string; readonly text: string }[],
  { minutes, keysPerSecond, signal }: Typing,
): Promise<Typed> {
  const random = randomNumbers(1);
  const documents: TypedDocument[] = [];
  for (const { file, text } of texts)
    documents.push(await TypedDocument.open(server.connection, pathToFileURL(file).href, text));
  const end = performance.now() + minutes * 60_000;
  const typed = { keys: 0, completions: 0, accepted: 0 };
  let document = documents[0];
  for (let next = performance.now(); performance.now() < end && document && !signal.aborted; ) {
    if (typed.keys % KEYS_IN_A_FILE === 0) {
      document = documents[Math.floor(random() * documents.length)] ?? document;
      await document.focus(random());
    }
    typed.keys++;
    // After a pause, its suggestion may be accepted, and an accepted one may be undone.
    if (typed.keys % UNDO_EVERY === 2) await document.undo();
    else if (typed.keys % PAUSE.afterKeys === 1 && (await document.accept())) typed.accepted++;
    else await document.type();
    const answered = document.ask().then(isShown => {
      if (isShown) typed.completions++;
    });
    if (typed.keys % PAUSE.afterKeys === 0) {
      await Promise.race([answered, sleep(PAUSE.mostMs)]);
      next = performance.now();
    }
    next += 1000 / keysPerSecond;
    await sleep(Math.max(0, next - performance.now()));
    if (typed.keys % 50 === 0) progress(`${typed.keys} keys`);
  }
  progress("");
  return typed;
}

interface Report extends Typed {
  readonly corpus: string;
  readonly minutes: number;
  readonly keysPerSecond: number;
  readonly samples: readonly MemorySample[];
  readonly collected: MemorySample | undefined;
  readonly freed: MemorySample | undefined;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

function described({
  corpus,
  minutes,
  keysPerSecond,
  keys,
  completions,
  accepted,
  ...taken
}: Report): string {
  const { samples, collected, freed } = taken;
  const row = (when: string, sample: MemorySample | undefined) =>
    sample
      ? [
          [
            when,
            ...[sample.rss, sample.anonymous, sample.heapUsed, sample.external, sample.arrayBuffers].map(
              megabytes,
            ),
          ],
        ]
      : [];
  const every = Math.max(1, Math.round(samples.length / 10));
  const shown = samples.filter((_, index) => index % every === 0 || index === samples.length - 1);
  const rows = [
    ...shown.flatMap(sample => row(`${(sample.seconds / 60).toFixed(1)} min`, sample)),
    ...row("after a collection", collected),
    ...row("without the model", freed),
  ];
  const heading = ["MB", "RSS", "anonymous", "heap", "external", "buffers"];
  const what = `${keys} keys (${keysPerSecond}/s, ${minutes} min) in ${corpus}, ${completions} completions, ${accepted} accepted`;
  return `${what}\n\n${table(heading, rows)}`;
}
