/** From a model file to an engine, or to the reason why not, in words a user can act on. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { type Backend, type BackendOptions, chooseBackend, findBackend, watchLoading } from "./backend.ts";
import { LARGEST_CHUNK, LARGEST_PADDING, untuned } from "./configuration.ts";
import type { EngineInfo, EngineProblem } from "./engine.ts";
import { KvCache } from "./kvCache.ts";
import { contextProblems, layoutMessage, layoutProblems } from "./layout.ts";
import {
  EXPECTED_RELEASE,
  inBackground,
  type Library,
  openLibrary,
  type Params,
  type Pointer,
  silence,
  withLog,
} from "./libllama.ts";
import { LlamaEngine, type ReuseMode } from "./llama.ts";
import { ALL_LAYERS, freeGraphicsBytes, type Placement, placementNote, placements } from "./placement.ts";
import { MOST_RUNS } from "./reuse.ts";
import { ThreadGovernor } from "./threadGovernor.ts";
import { createThreadPool, type ThreadPool } from "./threadPool.ts";
import { EXACT_TREES, type TreeLimits } from "./treeLimits.ts";
import { LlamaVocabulary } from "./vocabulary.ts";

export interface LoadOptions extends BackendOptions {
  readonly modelPath: string;
  /** 0 chooses: the trained length, at most `DEFAULT_CONTEXT_TOKENS`. */
  readonly contextTokens: number;
  /** 0 chooses. */
  readonly threads: number;
  /** When parts of the KV cache are moved to where a changed prompt has them. */
  readonly reuse: ReuseMode;
  /** How many of the best placements in graphics memory to pass over, since memory ran out with them. */
  readonly smaller?: number;
  /** How large trees may be; absent is as large as they equal single steps, `EXACT_TREES`. */
  readonly trees?: TreeLimits;
}

type LoadOutcome = { readonly engine: LlamaEngine } | { readonly problem: EngineProblem };

const DEFAULT_CONTEXT_TOKENS = 4096;
/** Sequences beside the branches: one for the dummy rows, the rest for runs of a prompt that are moved. */
const SPARE_SEQUENCES = 1 + MOST_RUNS;
const FLASH_ATTENTION = 1;
/**
 * Types of the KV cache, in ggml's numbers. Keys in Q8_0 beside values in F16 do two things on the CPU: attention
 * takes half the time behind long contexts, and it is computed the same way for one row as for several. With equal
 * types llama.cpp shares the attention of a single row among the threads from 512 cells on, which changes last bits.
 */
const F16 = 1;
const Q8_0 = 8;
/** Values of a block of Q8_0. */
const Q8_0_BLOCK = 32;
/** llama.cpp makes contexts in units of this. */
const CONTEXT_UNIT = 256;
/** A batch takes no more with its dummies. */
const MOST_ROWS = LARGEST_CHUNK - LARGEST_PADDING;
/** llama.cpp's `LLAMA_MAX_SEQ`, less the spare ones. */
const MOST_BRANCHES = 256 - SPARE_SEQUENCES;
const OUT_OF_MEMORY = /alloc|out of memory|not enough memory/i;
const CHOOSE_ANOTHER =
  'Choose another GGUF file in the setting "foretoken.modelPath", or clear it for the default model.';
const REINSTALL = "Reinstall Foretoken; if it persists, report it with this message.";

const libraries = new Map<string, Library>();

/** Loads a back end's libraries once per process and proves their layout. */
function openBackend(backend: Backend): Library | EngineProblem {
  const known = libraries.get(backend.directory);
  if (known) return known;
  let library: Library;
  try {
    library = openLibrary(backend.directory);
  } catch (error) {
    return {
      code: "backendMissing",
      message: `llama.cpp could not be loaded: ${(error as Error).message}.`,
      remedy: REINSTALL,
    };
  }
  const problems = layoutProblems(library);
  if (problems.length > 0)
    return { code: "layout", message: layoutMessage(library, problems), remedy: REINSTALL };
  silence(library);
  library.backendInit();
  library.loadBackends(backend.directory);
  libraries.set(backend.directory, library);
  return library;
}

/** What can be told from the file alone. */
function fileProblem(path: string): EngineProblem | undefined {
  const invalid = (message: string, remedy = CHOOSE_ANOTHER): EngineProblem => ({
    code: "modelInvalid",
    message,
    remedy,
  });
  let head: Buffer;
  try {
    const status = statSync(path);
    if (!status.isFile()) return invalid(`${path} is not a file.`);
    head = Buffer.alloc(24);
    const file = openSync(path, "r");
    head = head.subarray(0, readSync(file, head, 0, head.length, 0));
    closeSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") return invalid(`${path} cannot be read: ${message}.`);
    return { code: "modelMissing", message: `There is no model at ${path}.`, remedy: CHOOSE_ANOTHER };
  }
  const text = head.toString("latin1");
  if (text.startsWith("version https://git-lfs"))
    return invalid(
      `${path} is a Git LFS pointer, not the model itself.`,
      "Fetch the file with `git lfs pull`.",
    );
  if (!text.startsWith("GGUF")) return invalid(`${path} is not a GGUF file.`);
  if (head.length < 24) return invalid(`${path} ends within its header.`, "Download the file again.");
  return undefined;
}

function metadata(library: Library, model: Pointer, key: string): string | undefined {
  const buffer = new Uint8Array(1024);
  const length = library.modelMetadata(model, key, buffer, buffer.length);
  return length < 0
    ? undefined
    : new TextDecoder().decode(buffer.subarray(0, Math.min(length, buffer.length - 1)));
}

/** The error lines of a library log as one sentence. */
function errorOf(log: readonly string[]): string {
  const lines = log.filter(line => /error|fail|corrupt|unknown|invalid|missing/i.test(line));
  return (lines.length > 0 ? lines : log.slice(-1)).map(line => line.trim().replace(/^\w+: /, "")).join("; ");
}

async function loadModel(
  library: Library,
  layers: number,
  path: string,
  vocabularyOnly = false,
): Promise<Pointer | EngineProblem> {
  const params: Params = {
    ...library.modelDefaultParams(),
    n_gpu_layers: layers,
    vocab_only: vocabularyOnly,
  };
  const { result, log } = await withLog(library, () => inBackground(library.modelLoad, path, params));
  if (result !== null) return result;
  const cause = errorOf(log);
  if (layers !== 0 && OUT_OF_MEMORY.test(cause))
    return {
      code: "memory",
      message: `${path} does not fit into memory: ${cause}.`,
      remedy: "Choose a smaller model.",
    };
  const remedy = /not within the file bounds|incomplete|truncat|failed to read/i.test(cause)
    ? `The file is damaged or incomplete: download it again. ${CHOOSE_ANOTHER}`
    : CHOOSE_ANOTHER;
  return { code: "modelInvalid", message: `${path} could not be loaded: ${cause}.`, remedy };
}

/** The placements worth trying: on the CPU one, on a graphics card as many as it takes. */
async function choosePlacements(
  library: Library,
  backend: Backend,
  path: string,
  contextTokens: number,
): Promise<Placement[] | EngineProblem> {
  if (backend.name === "cpu") return [{ layers: 0, contextTokens }];
  const head = await loadModel(library, 0, path, true);
  if (isProblem(head)) return head;
  const architecture = metadata(library, head, "general.architecture") ?? "";
  const blocks = Number(metadata(library, head, `${architecture}.block_count`) ?? 0);
  library.modelFree(head);
  const modelBytes = statSync(path).size;
  return placements({ layers: blocks + 1, modelBytes, contextTokens, freeBytes: freeGraphicsBytes(library) });
}

interface Loaded {
  readonly model: Pointer;
  readonly context: Pointer;
  readonly architecture: string;
  readonly canRollBack: boolean;
  readonly trees: TreeLimits;
  readonly placement: Placement;
  readonly keysType: number;
  readonly threadPool: ThreadPool | undefined;
}

/** How a model is computed, as far as it is known before it is loaded. */
interface Computing {
  readonly threads: number;
  readonly onProcessor: boolean;
  readonly trees: TreeLimits | undefined;
}

/** Loads the model and makes a context as one placement says. */
async function loadPlaced(
  library: Library,
  path: string,
  placement: Placement,
  computing: Computing,
): Promise<Loaded | EngineProblem> {
  const model = await loadModel(library, placement.layers, path);
  if (isProblem(model)) return model;
  const architecture = metadata(library, model, "general.architecture") ?? "unknown";
  const canRollBack = !library.modelIsRecurrent(model) && !library.modelIsHybrid(model);
  const wanted = computing.trees ?? EXACT_TREES;
  const trees = canRollBack ? wanted : { ...wanted, branches: 1 };
  const trained = library.modelTrainedContext(model);
  const contextTokens = Math.min(placement.contextTokens, trained > 0 ? trained : Infinity);
  const keysType = computing.onProcessor && isWholeBlocks(library, model, architecture) ? Q8_0 : F16;
  const shape = { contextTokens: Math.max(CONTEXT_UNIT, contextTokens), keysType, trees };
  const context =
    unsuitable(library, model, path, architecture) ??
    (await createContext(library, model, shape, computing.threads));
  if (isProblem(context)) {
    library.modelFree(model);
    return context;
  }
  const threadPool = createThreadPool(library, computing.threads);
  if (threadPool) library.attachThreadPool(context, threadPool.pointer, threadPool.pointer);
  return { model, context, architecture, canRollBack, trees, placement, keysType, threadPool };
}

/** Whether the keys of a head are whole blocks of Q8_0. */
function isWholeBlocks(library: Library, model: Pointer, architecture: string): boolean {
  const number = (key: string) => Number(metadata(library, model, `${architecture}.${key}`) ?? Number.NaN);
  const length =
    number("attention.key_length") || number("embedding_length") / number("attention.head_count");
  return length % Q8_0_BLOCK === 0;
}

function unsuitable(
  library: Library,
  model: Pointer,
  path: string,
  architecture: string,
): EngineProblem | undefined {
  const causal = metadata(library, model, `${architecture}.attention.causal`);
  if (library.modelHasDecoder(model) && !library.modelHasEncoder(model) && causal !== "false")
    return undefined;
  return {
    code: "modelUnsuitable",
    message: `${path} (${architecture}) does not generate text from left to right.`,
    remedy: CHOOSE_ANOTHER,
  };
}

function chooseThreads(wish: number): number {
  if (wish > 0) return wish;
  const processors = availableParallelism();
  // Hyperthreads share the units that matrix products keep busy.
  return processors <= 4 ? processors : Math.max(4, processors >> 1);
}

interface ContextShape {
  readonly contextTokens: number;
  readonly keysType: number;
  readonly trees: TreeLimits;
}

async function createContext(
  library: Library,
  model: Pointer,
  { contextTokens, keysType, trees: { rows, branches } }: ContextShape,
  threads: number,
): Promise<Pointer | EngineProblem> {
  const params: Params = {
    ...library.contextDefaultParams(),
    n_ctx: contextTokens,
    n_batch: LARGEST_CHUNK,
    n_ubatch: LARGEST_CHUNK,
    n_seq_max: branches + SPARE_SEQUENCES,
    n_outputs_max: rows + 1,
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type: FLASH_ATTENTION,
    type_k: keysType,
    type_v: F16,
    kv_unified: true,
  };
  const { result, log } = await withLog(library, () => inBackground(library.contextCreate, model, params));
  if (result === null)
    return {
      code: "memory",
      message: `No context of ${contextTokens} tokens could be made: ${errorOf(log)}.`,
      remedy: 'Lower "foretoken.contextTokens" or choose a smaller model.',
    };
  const problems = contextProblems(library, result, params);
  if (problems.length === 0) return result;
  library.contextFree(result);
  return { code: "layout", message: layoutMessage(library, problems), remedy: REINSTALL };
}

const isProblem = (value: object | bigint | null): value is EngineProblem =>
  typeof value === "object" && value !== null && "remedy" in value;

/** The back end's libraries; where the choice is ours and they do not open, the CPU's. */
async function openChosen(
  options: LoadOptions,
): Promise<{ library: Library; backend: Backend } | EngineProblem> {
  const backend = await chooseBackend(options);
  if (isProblem(backend)) return backend;
  const library = openBackend(backend);
  if (!isProblem(library)) return { library, backend };
  const processor = options.wish === "auto" && backend.name !== "cpu" ? findBackend("cpu") : undefined;
  const fallback = processor && openBackend(processor);
  return processor && fallback && !isProblem(fallback) ? { library: fallback, backend: processor } : library;
}

/** Loads a model. Never throws for what a user can cause; the outcome says what happened. */
export async function loadEngine(options: LoadOptions): Promise<LoadOutcome> {
  const { rows, branches } = options.trees ?? EXACT_TREES;
  if (rows > MOST_ROWS || branches > MOST_BRANCHES)
    throw new RangeError(`trees of ${rows} rows and ${branches} branches`);
  const path = options.modelPath;
  const problem = fileProblem(path);
  if (problem) return { problem };
  const opened = await openChosen(options);
  if (isProblem(opened)) return { problem: opened };
  const { library, backend } = opened;
  const loadedWell = watchLoading(backend, options);
  const choices = await choosePlacements(
    library,
    backend,
    path,
    options.contextTokens || DEFAULT_CONTEXT_TOKENS,
  );
  if (isProblem(choices)) {
    loadedWell();
    return { problem: choices };
  }
  const threads = chooseThreads(options.threads);
  let loaded: Loaded | EngineProblem | undefined;
  for (const placement of choices.slice(Math.min(options.smaller ?? 0, choices.length - 1))) {
    const onProcessor = backend.name === "cpu";
    loaded = await loadPlaced(library, path, placement, { threads, onProcessor, trees: options.trees });
    if (!isProblem(loaded) || loaded.code !== "memory") break;
  }
  loadedWell();
  if (!loaded) throw new Error("no placement to try");
  if (isProblem(loaded)) return { problem: loaded };
  const note = placementNote(loaded.placement, {
    layers: backend.name === "cpu" ? 0 : ALL_LAYERS,
    contextTokens: choices[0].contextTokens,
  });
  return { engine: buildEngine(options, library, backend, loaded, threads, note ? [note] : []) };
}

function vocabularyOf(library: Library, model: Pointer): LlamaVocabulary {
  return new LlamaVocabulary(
    library,
    library.vocabOf(model),
    metadata(library, model, "tokenizer.ggml.pre") ?? "",
  );
}

type VocabularyOutcome =
  | { readonly vocabulary: LlamaVocabulary; readonly dispose: () => void }
  | { readonly problem: EngineProblem };

/** Loads a model's tokenizer without its weights, always on the CPU: for indexing, next to an engine or without. */
export async function loadVocabulary(modelPath: string): Promise<VocabularyOutcome> {
  const problem = fileProblem(modelPath);
  if (problem) return { problem };
  const backend = findBackend("cpu");
  const library = backend && openBackend(backend);
  if (!library) throw new Error("the package has no CPU libraries");
  if (isProblem(library)) return { problem: library };
  const model = await loadModel(library, 0, modelPath, true);
  if (isProblem(model)) return { problem: model };
  return { vocabulary: vocabularyOf(library, model), dispose: () => library.modelFree(model) };
}

function buildEngine(
  { modelPath: path, reuse, threads: wishedThreads }: LoadOptions,
  library: Library,
  backend: Backend,
  loaded: Loaded,
  threads: number,
  notes: string[],
): LlamaEngine {
  const { model, context, architecture, canRollBack, trees } = loaded;
  const { rows, branches } = trees;
  const vocabulary = vocabularyOf(library, model);
  if (!canRollBack)
    notes.push(
      `${architecture} keeps recurrent state, which cannot be rolled back: drafts are off for this model.`,
    );
  if (backend.name !== "cpu" && !library.supportsGpu())
    notes.push(`No graphics device for ${backend.name} was found: the model runs on the CPU.`);
  if (vocabulary.special.fillMiddle === undefined)
    notes.push("The model has no fill-in-the-middle tokens: it sees only the text before the cursor.");
  const actualTokens = library.contextTokens(context);
  const info: EngineInfo = {
    modelPath: path,
    modelName: metadata(library, model, "general.name") ?? basename(path),
    fimOrder: metadata(library, model, "foretoken.fim_order"),
    fimFiles: metadata(library, model, "foretoken.fim_files"),
    architecture,
    backend: backend.name,
    release: EXPECTED_RELEASE,
    threads,
    keys: loaded.keysType === Q8_0 ? "q8_0" : "f16",
    contextTokens: actualTokens,
    maxTreeNodes: canRollBack ? rows : 1,
    maxBranches: branches,
    notes,
  };
  const cache = new KvCache(library, library.memoryOf(context), actualTokens, branches, branches + 1);
  const native = {
    library,
    model,
    context,
    cache,
    vocabulary,
    spareSequence: branches,
    rows,
    canRollBack,
    canShift: canRollBack && library.memoryCanShift(library.memoryOf(context)),
    reuse,
    threadPool: loaded.threadPool,
    // A number of threads that a person has set stays.
    governor: backend.name === "cpu" && wishedThreads === 0 ? new ThreadGovernor() : undefined,
  };
  return new LlamaEngine(info, native, untuned(threads));
}

/** Thread counts worth trying on this machine, when the user has chosen none. */
export function threadChoices(wish: number): number[] {
  if (wish > 0) return [wish];
  const processors = availableParallelism();
  const choices = new Set([1, processors >> 1, Math.ceil((processors * 3) / 4), processors]);
  // A single thread is only ever best where there are hardly more.
  return [...choices].filter(count => count > 0 && (count > 1 || processors <= 2)).sort((a, b) => a - b);
}
