/** `foretoken bench engine`: the engine without drafts beside llama.cpp's own server, in one interleaved run. */
import { parseArgs } from "node:util";
import type { LlamaEngine } from "../../server/engine/index.ts";
import { DEFAULT_SETTINGS } from "../../server/protocol/index.ts";
import { defaultModelPath, UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { load, print, progress } from "./command.ts";
import { someContext } from "./cost.ts";
import { formatSpread, hardware, headline, measuredModel, type Spread, spread, table } from "./figures.ts";
import { SERVER_PACKAGE, serverPython, startServer } from "./llamaServer.ts";

/** Tokens per second of prefill and decode. */
export interface Speed {
  readonly prefill: number;
  readonly decode: number;
}

export interface EngineRow {
  readonly threads: number;
  readonly contextTokens: number;
  readonly prefill: Spread;
  readonly decode: Spread;
  /** Our speed over the server's, run by run. */
  readonly prefillRatio: Spread;
  readonly decodeRatio: Spread;
}

/** Tokens of context that are kept free after the prompt. */
const ROOM_TOKENS = 128;

/** Computes a prompt without a cache and decodes greedily, one token at a time. */
export async function engineSpeed(
  engine: LlamaEngine,
  prompt: Int32Array,
  tokens: number,
  signal: AbortSignal,
): Promise<Speed> {
  engine.forget();
  const start = performance.now();
  const filled = await engine.prefill(prompt.subarray(0, -1), signal);
  if (filled.kind !== "prefilled") throw new UsageError(`The prompt was not computed: ${filled.kind}.`);
  const parents = Int32Array.of(-1);
  let token = prompt[prompt.length - 1] as number;
  const step = async () => {
    const outcome = await engine.decode({ count: 1, tokens: Int32Array.of(token), parents }, signal);
    if (outcome.kind !== "decoded") throw new UsageError(`Nothing was decoded: ${outcome.kind}.`);
    token = outcome.decoded.argmax(0);
    engine.accept([0]);
  };
  // The server counts the first token as part of the prompt.
  await step();
  const decoding = performance.now();
  for (let i = 1; i < tokens; i++) await step();
  const seconds = (from: number, to: number) => (to - from) / 1000;
  return {
    prefill: prompt.length / seconds(start, decoding),
    decode: (tokens - 1) / seconds(decoding, performance.now()),
  };
}

/** Summarises the runs of one size: `ours` and `theirs` in the order of the runs. */
export function engineRow(
  threads: number,
  contextTokens: number,
  ours: readonly Speed[],
  theirs: readonly Speed[],
): EngineRow {
  const of = (values: readonly number[]) => spread(values) as Spread;
  const ratio = (kind: keyof Speed) =>
    of(ours.map((speed, run) => speed[kind] / (theirs[run]?.[kind] ?? Number.NaN)));
  return {
    threads,
    contextTokens,
    prefill: of(ours.map(({ prefill }) => prefill)),
    decode: of(ours.map(({ decode }) => decode)),
    prefillRatio: ratio("prefill"),
    decodeRatio: ratio("decode"),
  };
}

export async function engineCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      threads: { type: "string" },
      contexts: { type: "string" },
      runs: { type: "string" },
      tokens: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const list = (name: "threads" | "contexts", standard: string) =>
    (values[name] ?? standard).split(",").map(each => whole({ [name]: each }, name, 0, 1));
  const contexts = list("contexts", "64,256,1024,4096");
  const runs = whole(values, "runs", 5, 1);
  const tokens = whole(values, "tokens", 32, 2);
  const model = path(values.model) ?? defaultModelPath();
  const python = serverPython();
  const rows: EngineRow[] = [];
  const contextTokens = Math.max(...contexts) + ROOM_TOKENS;
  let heading = "";
  for (const threads of list("threads", "1,2")) {
    const engine = await load({ model, reuse: DEFAULT_SETTINGS.reuse }, threads, contextTokens, signal);
    const server = await startServer(python, { model, threads, contextTokens });
    try {
      for (const length of contexts) {
        const prompt = someContext(engine, length);
        const ours: Speed[] = [];
        const theirs: Speed[] = [];
        for (let run = 0; run <= runs; run++) {
          progress(`${threads} threads, ${length} tokens: ${run} of ${runs} runs`);
          const own = await engineSpeed(engine, prompt, tokens, signal);
          const { prompt_per_second, predicted_per_second } = await server.complete(prompt, tokens, signal);
          // The first run warms up.
          if (run === 0) continue;
          ours.push(own);
          theirs.push({ prefill: prompt_per_second, decode: predicted_per_second });
        }
        rows.push(engineRow(threads, length, ours, theirs));
      }
      heading ||= headline(hardware(engine.info), measuredModel(engine.info));
    } finally {
      server.stop();
      await engine.dispose();
    }
  }
  progress("");
  if (values.json) {
    print(JSON.stringify(rows, null, 2));
    return;
  }
  print(`${heading}\n${SERVER_PACKAGE}, ${runs} interleaved runs of ${tokens} tokens, without drafts\n`);
  print(
    table(
      ["threads", "context", "prefill tok/s", "of the server's", "decode tok/s", "of the server's"],
      rows.map(row => [
        String(row.threads),
        String(row.contextTokens),
        formatSpread(row.prefill, 0),
        formatSpread(row.prefillRatio, 2),
        formatSpread(row.decode, 1),
        formatSpread(row.decodeRatio, 2),
      ]),
    ),
  );
}
