/** Contexts of a model: their size, the types of the KV cache, and a check that they are as requested. */
import { LARGEST_CHUNK, LARGEST_PADDING } from "./configuration.ts";
import type { EngineInfo, EngineProblem } from "./engine.ts";
import { exitWithin } from "./exitWithin.ts";
import { contextProblems, layoutMessage } from "./layout.ts";
import { inBackground, type Library, type Params, type Pointer } from "./libllama.ts";
import { type LogLine, withLog } from "./libraryLog.ts";
import { CHOOSE_ANOTHER, errorOf, metadata } from "./modelFile.ts";
import { MAX_RUNS } from "./reuse.ts";
import type { TreeLimits } from "./treeLimits.ts";
import { REINSTALL } from "./unopened.ts";

/** Sequences in addition to the branches: one for the dummy rows, the rest for runs of a prompt that are moved. */
const SPARE_SEQUENCES = 1 + MAX_RUNS;
const FLASH_ATTENTION = 1;
/**
 * Types of the KV cache, in ggml's numbers. Keys in Q8_0 beside values in F16 do two things on the CPU: attention
 * takes half the time after long contexts, and it is computed the same way for one row as for several. With equal
 * types llama.cpp shares the attention of a single row among the threads from 512 cells on, which changes last bits.
 */
const CACHE_TYPES = { f16: 1, q8_0: 8 } as const;
/** Values of a block of Q8_0. */
const Q8_0_BLOCK = 32;
/** llama.cpp makes contexts in units of this. */
const CONTEXT_UNIT = 256;

/** The size in tokens that llama.cpp makes of a requested context length. */
export const wholeUnits = (contextTokens: number): number =>
  Math.max(1, Math.ceil(contextTokens / CONTEXT_UNIT)) * CONTEXT_UNIT;
/** A batch has no room for more rows and its dummies. */
const MAX_ROWS = LARGEST_CHUNK - LARGEST_PADDING;
/** llama.cpp's `LLAMA_MAX_SEQ`, less the spare ones. */
const MAX_BRANCHES = 256 - SPARE_SEQUENCES;

/** Whether trees are no larger than a batch and llama.cpp's sequences allow. */
export const isPossible = ({ rows, branches }: TreeLimits): boolean =>
  rows <= MAX_ROWS && branches <= MAX_BRANCHES;

/** The type of the keys for a model that the processor computes, or a graphics card does. */
export function keysTypeOf(
  library: Library,
  model: Pointer,
  architecture: string,
  onProcessor: boolean,
): EngineInfo["keys"] {
  // A head's keys must be whole blocks. With latent attention (MLA) the values are a part of the keys, so of the same type.
  const isLatent = metadata(library, model, `${architecture}.attention.key_length_mla`) !== undefined;
  const isWhole = headValues(library, model, architecture) % Q8_0_BLOCK === 0;
  return onProcessor && isWhole && !isLatent ? "q8_0" : "f16";
}

/** Values of a key in one head. */
export function headValues(library: Library, model: Pointer, architecture: string): number {
  const number = (key: string) => Number(metadata(library, model, `${architecture}.${key}`) ?? Number.NaN);
  return number("attention.key_length") || number("embedding_length") / number("attention.head_count");
}

export interface ContextShape {
  /** Tokens it has cells for; rounded up to llama.cpp's unit. */
  readonly contextTokens: number;
  readonly keys: EngineInfo["keys"];
  /** The trees that are decoded in it; absent: none, one sequence without logits. */
  readonly trees?: TreeLimits;
  readonly threads: number;
}

/** A native context and what can be done with its cells. */
interface MadeContext {
  readonly context: Pointer;
  /** Whether cells can be given other positions. */
  readonly canShift: boolean;
}

/** What the library logs about a context that it cannot make, however much memory there is. */
const UNSUPPORTED = /does not support|not supported|unsupported/i;
/** Start of the lines that the library logs once it has made the caches of a context. */
const CACHES_MADE = /^(?:sched|graph)_reserve/;

/** Makes the first context of a model, or says why not. @param path the model's file */
export async function createContext(
  library: Library,
  model: Pointer,
  path: string,
  shape: ContextShape,
): Promise<MadeContext | EngineProblem> {
  const params = paramsOf(library, shape);
  const make = () => inBackground(library.contextCreate, model, params);
  let made = await withLog(library, make, CACHES_MADE);
  if (made.result === null) made = await withLog(library, make);
  const { result, log } = made;
  if (result === null) {
    const message = `No context of ${shape.contextTokens} tokens could be made for ${path}: ${errorOf(log)}.`;
    if (log.some(({ text }) => UNSUPPORTED.test(text)))
      return { code: "modelUnsuitable", message, remedy: CHOOSE_ANOTHER };
    const remedy = 'Lower "foretoken.contextTokens" or choose a smaller model.';
    return { code: "memory", message, remedy };
  }
  const problems = contextProblems(library, result, params);
  if (problems.length === 0)
    return {
      context: result,
      canShift:
        library.memoryCanShift(library.memoryOf(result)) &&
        (shape.keys === "f16" || rotatesKeys(log)) &&
        canMovePositions(library, model),
    };
  library.contextFree(result);
  return { code: "layout", message: layoutMessage(library, problems), remedy: REINSTALL };
}

/** Makes another context of a model that has one; null where there is no memory for it. */
export const anotherContext = (library: Library, model: Pointer, shape: ContextShape): Promise<Pointer> =>
  exitWithin(() => inBackground(library.contextCreate, model, paramsOf(library, shape)));

function paramsOf(library: Library, { contextTokens, keys, trees, threads }: ContextShape): Params {
  const sequences = trees ? trees.branches + SPARE_SEQUENCES : 1;
  return {
    ...library.contextDefaultParams(),
    n_ctx: wholeUnits(contextTokens),
    n_batch: LARGEST_CHUNK,
    n_ubatch: LARGEST_CHUNK,
    n_seq_max: sequences,
    // llama.cpp reserves a row for each sequence when it makes the context.
    n_outputs_max: Math.max(trees ? trees.rows + 1 : 1, sequences),
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type: FLASH_ATTENTION,
    type_k: CACHE_TYPES[keys],
    type_v: CACHE_TYPES.f16,
    kv_unified: true,
  };
}

/**
 * Whether quantised keys are rotated, which the library logs while it makes its caches (there may be several). If they are
 * not, shifting them reads a null pointer (ggml-org/llama.cpp#25636). That is so with heads of 32, 80, 96 or 112 values, with
 * heads of several sizes, and where the environment turns rotation off.
 */
function rotatesKeys(log: readonly LogLine[]): boolean {
  const said = log.flatMap(({ text }) => /attn_rot_k = (\d)/.exec(text)?.[1] ?? []);
  return said.length > 0 && said.every(value => value === "1");
}

/** Reads how a model's file says that rotary embedding is stretched. */
function ropeScaling(library: Library, model: Pointer): (key: string) => string | undefined {
  const architecture = metadata(library, model, "general.architecture") ?? "";
  return key => metadata(library, model, `${architecture}.rope.scaling.${key}`);
}

/** Architectures that add a learned embedding of each position to its token: it stays in cells that are moved. */
const LEARNED_POSITIONS: readonly string[] = ["gpt2", "starcoder"];
/** Architectures with layers whose keys are not rotated; llama.cpp rotates those of all layers when it moves cells. */
const UNROTATED_LAYERS: readonly string[] = [
  "smollm3",
  "llama4",
  "exaone4",
  "exaone-moe",
  "cohere2",
  "afmoe",
];

/**
 * Whether cells that are moved to another position are the same as if computed there. Where rotary embedding scales keys too,
 * as in YaRN and LongRoPE, each shift scales them again. With sliding windows llama.cpp treats cells that are before the window
 * of their new position as free and overwrites them.
 */
function canMovePositions(library: Library, model: Pointer): boolean {
  const architecture = metadata(library, model, "general.architecture") ?? "";
  const scaling = ropeScaling(library, model);
  const scalesKeys =
    ["yarn", "longrope"].includes(scaling("type") ?? "") ||
    ["attn_factor", "yarn_attn_factor"].some(key => Number(scaling(key) ?? 1) !== 1);
  const keepPositions = [...LEARNED_POSITIONS, ...UNROTATED_LAYERS].includes(architecture);
  // Granite's keys are rotated or not, as this says.
  const isUnrotated = architecture.startsWith("granite") && scaling("finetuned") === "false";
  return !scalesKeys && library.modelWindow(model) <= 0 && !keepPositions && !isUnrotated;
}

/**
 * Whether keys are rotated differently in contexts as large as this than in small ones, as LongRoPE does beyond the length that
 * a model was first trained for: the cells of one are then not valid in the other.
 */
export function rotatesBySize(library: Library, model: Pointer, contextTokens: number): boolean {
  const scaling = ropeScaling(library, model);
  const original = Number(scaling("original_context_length") ?? 0);
  return scaling("type") !== "yarn" && original > 0 && wholeUnits(contextTokens) > original;
}
