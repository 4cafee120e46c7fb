/** A thread that reads an input, so that reading can be ended at any time; `apart.ts` is its counterpart. */
import { parentPort, workerData } from "node:worker_threads";
import { type SourceDocument, StoreError } from "../index.ts";
import type { ReadRequest, ReadResponse } from "./apart.ts";
import { readInput } from "./inputs.ts";
import type { SkipReason } from "./reading.ts";

/** Limits of documents sent at once, by number and by characters of text. */
const BATCH = { documents: 64, characters: 1 << 20 };

/** Longest time without a message when there is nothing to send. */
const SILENCE_MS = 1000;

const port = parentPort;
if (!port) throw new Error("this is the code of a worker thread");
const { input, contentColumn, passed, badPages, page } = workerData as ReadRequest;
let sentAt = performance.now();
const send = (response: ReadResponse) => {
  sentAt = performance.now();
  port.postMessage(response);
};

let [documents, characters]: [SourceDocument[], number] = [[], 0];
let skipped: [SkipReason, string][] = [];
let progress: readonly [read: number, total: number] | undefined;

/** Resolves when the receiver has accepted what was sent. */
async function flush(): Promise<void> {
  const taken = new Promise(resolve => port?.once("message", resolve));
  send({ kind: "some", documents, skipped, progress });
  [documents, characters, skipped] = [[], 0, []];
  await taken;
}

const options = {
  ...(contentColumn === undefined ? {} : { contentColumn }),
  badPages: new Set(badPages),
  onPage: (offset: number) => Atomics.store(page, 0, BigInt(offset)),
  onProgress: (read: number, total: number) => {
    progress = [read, total];
    if (performance.now() - sentAt > SILENCE_MS) send({ kind: "alive" });
  },
  onSkipped: (reason: SkipReason, name: string) => skipped.push([reason, name]),
};

try {
  let index = 0;
  for await (const document of readInput(input, options)) {
    if (index++ < passed) continue;
    documents.push(document);
    characters += document.text.length;
    if (documents.length >= BATCH.documents || characters >= BATCH.characters) await flush();
    else if (skipped.length >= BATCH.documents) await flush();
  }
  await flush();
  send({ kind: "end" });
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  send({ kind: "problem", problem: error.problem });
}
port.close();
