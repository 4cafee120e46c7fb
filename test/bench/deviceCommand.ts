/** `foretoken bench device`: memory and speed of a model on a back end and its device, without tuning. */
import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { CHUNK_SIZES, EXACT_ROWS, type LlamaEngine } from "../../server/engine/index.ts";
import { estimatedBytes } from "../../server/model/index.ts";
import { defaultModelPath, UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { loadUntuned, print } from "./command.ts";
import { type CostResult, costTable, measureCost } from "./cost.ts";
import { hardware, headline, measuredModel, table } from "./figures.ts";
import { measurePrefill, type PrefillRow, prefillTable } from "./prefill.ts";
import { COMPARED_SIZES, compareRows, type RowDifferences } from "./rowDifferences.ts";

/** Sizes of the trees, root included: back ends compute more than eight rows differently from fewer. */
const SIZES = "1,2,3,4,6,8,9,12,16,24,32,64";
const BRANCHES = 32;
/** Rows that pad a tree, and the token after a prompt. */
const SPARE_TOKENS = 16;

/** Facts about the model once it is loaded. */
interface LoadedFigures {
  /** Milliseconds until the model had decoded once. */
  readonly loadMs: number;
  readonly fileBytes: number;
  /** Memory by the estimate used for choosing models; absent if there is none. */
  readonly estimatedBytes: number | undefined;
  readonly deviceBytes: number | undefined;
  readonly keys: string;
  readonly notes: readonly string[];
}

/** One result; `--json` prints one per line. */
type Finding = { readonly atMs: number } & (
  | ({ readonly kind: "loaded" } & LoadedFigures & ReturnType<typeof described>)
  | ({ readonly kind: "cost" } & CostResult)
  | ({ readonly kind: "rows" } & RowDifferences)
  | ({ readonly kind: "prefill" } & PrefillRow)
);

const described = ({ info }: LlamaEngine) => ({ hardware: hardware(info), model: measuredModel(info) });

interface DeviceOptions {
  readonly contexts: readonly number[];
  readonly sizes: readonly number[];
  readonly chunks: readonly number[];
  readonly runs: number;
}

export async function deviceCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      backend: { type: "string" },
      contexts: { type: "string" },
      sizes: { type: "string" },
      chunks: { type: "string" },
      runs: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const list = (name: "contexts" | "sizes" | "chunks", standard: string) =>
    (values[name] ?? standard)
      .split(",")
      .map(each => whole({ [name]: each }, name, 0, 1))
      .sort((a, b) => a - b);
  const options = {
    contexts: list("contexts", "512,2048"),
    sizes: list("sizes", SIZES),
    chunks: list("chunks", "64,256"),
    runs: whole(values, "runs", 5, 1),
  };
  if (!options.chunks.every(chunk => CHUNK_SIZES.some(size => size === chunk)))
    throw new UsageError(`--chunks takes ${CHUNK_SIZES.join(", ")}, got ${values.chunks}.`);
  const threads = whole(values, "threads", 0, 0);
  // llama.cpp needs room for a row of each sequence.
  const rows = Math.max(EXACT_ROWS, options.sizes.at(-1) ?? 1);
  const contextTokens = (options.contexts.at(-1) ?? 1) + rows + SPARE_TOKENS;
  const model = path(values.model) ?? defaultModelPath();
  // Runs in a separate process, which reads the header while the model is loaded.
  const estimate = estimatedBytes(model, contextTokens);
  const start = performance.now();
  const place = { model, backend: values.backend };
  const engine = await loadUntuned(place, threads, contextTokens, { rows, branches: BRANCHES });
  const loadMs = performance.now() - start;
  const report = values.json ? (finding: Finding) => print(JSON.stringify(finding)) : printFinding;
  try {
    const { graphicsBytes, keys, notes } = engine.info;
    const loaded: LoadedFigures = {
      loadMs,
      fileBytes: statSync(model).size,
      estimatedBytes: await estimate,
      deviceBytes: graphicsBytes,
      keys,
      notes,
    };
    report({ kind: "loaded", atMs: Date.now(), ...described(engine), ...loaded });
    await measureDevice(engine, options, report, signal);
  } finally {
    await engine.dispose();
  }
}

/** Measures context by context, so that results of the shorter ones exist if the rest takes too long. */
async function measureDevice(
  engine: LlamaEngine,
  { contexts, sizes, chunks, runs }: DeviceOptions,
  report: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<void> {
  engine.limitRows(engine.info.maxTreeNodes);
  engine.configure({ ...engine.configuration, chunkTokens: chunks.at(-1) ?? CHUNK_SIZES[0] });
  const compared = COMPARED_SIZES.filter(size => size <= (sizes.at(-1) ?? 1));
  for (const contextTokens of contexts) {
    const cost = await measureCost(engine, { contextTokens, runs, sizes }, signal);
    report({ kind: "cost", atMs: Date.now(), ...cost });
    for (const rows of await compareRows(engine, contextTokens, compared, signal))
      report({ kind: "rows", atMs: Date.now(), ...rows });
    for (const row of await measurePrefill(engine, { contextTokens, chunks, runs: 1 }, signal))
      report({ kind: "prefill", atMs: Date.now(), ...row });
  }
}

const gib = (bytes: number | undefined) => (bytes === undefined ? "-" : (bytes / 2 ** 30).toFixed(2));

const printFinding = (finding: Finding) => print(textOf(finding));

function textOf(finding: Finding): string {
  switch (finding.kind) {
    case "loaded": {
      const { loadMs, fileBytes, estimatedBytes: estimate, deviceBytes, keys, notes } = finding;
      const memory = `file ${gib(fileBytes)}, estimated ${gib(estimate)}, device ${gib(deviceBytes)}`;
      const loaded = `loaded in ${loadMs.toFixed(0)} ms; GiB: ${memory}; keys ${keys}`;
      return [headline(finding.hardware, finding.model), loaded, ...notes].join("\n");
    }
    case "cost":
      return `\n${finding.contextTokens} tokens in the context\n\n${costTable(finding)}`;
    case "rows":
      return `\n${finding.form} against single rows\n\n${rowsTable(finding)}`;
    case "prefill":
      return `\n${prefillTable([finding])}`;
  }
}

const rowsTable = ({ sizes }: RowDifferences) =>
  table(
    ["rows", "equal bit for bit", "largest difference", "other choices"],
    sizes.map(({ rows, equal, largest, otherChoices }) => [
      String(rows),
      String(equal),
      largest.toPrecision(3),
      String(otherChoices),
    ]),
  );
