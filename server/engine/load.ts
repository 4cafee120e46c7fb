/** Loads an engine from a model file, or says why that failed, in words a user can act on. */
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { EMBEDDING_ARCHITECTURES, modelBytes, modelStamp } from "../system/index.ts";
import {
  type Backend,
  type BackendOptions,
  chooseBackend,
  findBackend,
  rememberDevice,
  watchLoading,
} from "./backend.ts";
import { untuned } from "./configuration.ts";
import {
  type ContextShape,
  createContext,
  headValues,
  isPossible,
  keysTypeOf,
  rotatesBySize,
  wholeUnits,
} from "./context.ts";
import { DecodeThread } from "./decodeThread.ts";
import type { EngineInfo, EngineProblem } from "./engine.ts";
import { useOnce } from "./firstUse.ts";
import { FIRST_CELLS, GrowingContext } from "./growingContext.ts";
import { KvCache } from "./kvCache.ts";
import { EXPECTED_RELEASE, type Library, type Pointer } from "./libllama.ts";
import { LlamaEngine } from "./llama.ts";
import { type LoadAttempt, LoadAttempts } from "./loadAttempts.ts";
import { LongPrompts } from "./longPrompts.ts";
import {
  CHOOSE_ANOTHER,
  chatFormat,
  chooseOtherThan,
  fileProblem,
  isProblem,
  loadModel,
  metadata,
  openBackend,
  tokenizerProblem,
  vocabularyOf,
} from "./modelFile.ts";
import { notesOf } from "./modelNotes.ts";
import {
  ALL_LAYERS,
  graphicsDevice,
  type Placement,
  placeFirstFitting,
  placementNote,
  placements,
  smallerThan,
} from "./placement.ts";
import type { ReuseMode } from "./promptCache.ts";
import { ThreadGovernor } from "./threadGovernor.ts";
import { createThreadPool, type ThreadPool } from "./threadPool.ts";
import { EXACT_TREES, type TreeLimits } from "./treeLimits.ts";

export interface LoadOptions extends BackendOptions {
  readonly modelPath: string;
  /** 0 chooses: the trained length, at most `DEFAULT_CONTEXT_TOKENS`. */
  readonly contextTokens: number;
  /** 0 chooses. */
  readonly threads: number;
  /** When parts of the KV cache are moved to where a changed prompt has them. */
  readonly reuse: ReuseMode;
  /** Whether the processor computes, though the back end has a graphics device. */
  readonly onProcessor?: boolean;
  /** A placement with which graphics memory ran out: less is put into it. */
  readonly lessThan?: Placement | undefined;
  /** Code of the thread that decodes; absent: Node's own workers decode in turn. */
  readonly decodeScript?: string;
  /** How large trees may be; absent is as large as they equal single steps, `EXACT_TREES`. */
  readonly trees?: TreeLimits;
}

type LoadOutcome =
  | { readonly engine: LlamaEngine; readonly placement: Placement }
  | { readonly problem: EngineProblem };

const DEFAULT_CONTEXT_TOKENS = 4096;

/** The placements worth trying: on the CPU one, on a graphics card as many as it takes. */
async function choosePlacements(
  { library, backend }: Opened,
  { modelPath: path, contextTokens: requestedTokens }: LoadOptions,
): Promise<Placement[] | EngineProblem> {
  const contextTokens = requestedTokens || DEFAULT_CONTEXT_TOKENS;
  if (backend.name === "cpu") return [{ layers: 0, contextTokens }];
  const head = await loadModel(library, path, { layers: 0, vocabularyOnly: true });
  if (isProblem(head)) return head;
  const architecture = metadata(library, head, "general.architecture") ?? "";
  const number = (key: string) => Number(metadata(library, head, `${architecture}.${key}`) ?? 0);
  const [blocks, trainedTokens] = [number("block_count"), number("context_length")];
  library.modelFree(head);
  return placements({
    layers: blocks + 1,
    modelBytes: modelBytes(path),
    // A longer context is not made anyway, so a shorter one of these would be the same one.
    contextTokens: Math.min(contextTokens, trainedTokens || contextTokens),
    freeBytes: graphicsDevice(library)?.freeBytes,
  });
}

/** A model and a context of it, as one placement says. */
interface Loaded {
  readonly library: Library;
  readonly backend: Backend;
  readonly model: Pointer;
  readonly context: GrowingContext;
  readonly architecture: string;
  /** Whether tokens can be taken back out of the KV cache one by one (not so for recurrent state). */
  readonly canRollBack: boolean;
  /** Whether the cells of cached tokens can be given other positions. */
  readonly canShift: boolean;
  /** Whether keys of a smaller context would have another meaning in this one. */
  readonly keysDependOnSize: boolean;
  readonly trees: TreeLimits;
  readonly placement: Placement;
  readonly keys: EngineInfo["keys"];
  readonly threads: number;
  readonly threadPool: ThreadPool | undefined;
}

// Without layers of its own, a device would still need memory for the large products of the processor's layers.
const isOnProcessor = ({ backend }: Opened, layers: number) => layers === 0 || backend.name === "cpu";

/** Makes a context of a loaded model as one placement says. */
async function makePlaced(
  opened: Opened,
  { modelPath, threads: requestedThreads, trees: requestedTrees = EXACT_TREES }: LoadOptions,
  model: Pointer,
  placement: Placement,
): Promise<Loaded | EngineProblem> {
  const { library } = opened;
  const onProcessor = isOnProcessor(opened, placement.layers);
  const backend: Backend = onProcessor ? { ...opened.backend, name: "cpu" } : opened.backend;
  const architecture = metadata(library, model, "general.architecture") ?? "unknown";
  const canRollBack = !library.modelIsRecurrent(model) && !library.modelIsHybrid(model);
  const trees = canRollBack ? requestedTrees : { ...requestedTrees, branches: 1 };
  const trained = library.modelTrainedContext(model);
  const trainedTokens = trained > 0 ? trained : Infinity;
  const contextTokens = Math.min(placement.contextTokens, trainedTokens);
  const keys = keysTypeOf(library, model, architecture, onProcessor);
  const threads = chooseThreads(requestedThreads);
  const shape: ContextShape = { contextTokens, keys, trees, threads };
  // Recurrent state takes the same memory however long the context is.
  const keysDependOnSize = rotatesBySize(library, model, contextTokens);
  const grows = onProcessor && canRollBack && !keysDependOnSize;
  const first = { ...shape, contextTokens: grows ? Math.min(FIRST_CELLS, contextTokens) : contextTokens };
  const made =
    unsuitable(library, model, modelPath, architecture) ??
    (await createContext(library, model, modelPath, first));
  if (isProblem(made)) return made;
  // A model has no more learned positions than it was trained with.
  const mostTokens = Math.min(wholeUnits(contextTokens), trainedTokens);
  const context = new GrowingContext(library, model, shape, mostTokens, made.context);
  const threadPool = createThreadPool(library, threads);
  if (threadPool) library.attachThreadPool(made.context, threadPool.pointer, threadPool.pointer);
  return {
    library,
    backend,
    model,
    context,
    architecture,
    canRollBack,
    canShift: canRollBack && made.canShift,
    keysDependOnSize,
    trees,
    placement,
    keys,
    threads,
    threadPool,
  };
}

function unsuitable(
  library: Library,
  model: Pointer,
  path: string,
  architecture: string,
): EngineProblem | undefined {
  const value = (key: string) => metadata(library, model, `${architecture}.${key}`);
  const generates =
    library.modelHasDecoder(model) &&
    !library.modelHasEncoder(model) &&
    !library.modelIsDiffusion(model) &&
    value("attention.causal") !== "false" &&
    // Models whose outputs are pooled embed texts.
    ["0", undefined].includes(value("pooling_type")) &&
    !EMBEDDING_ARCHITECTURES.includes(architecture);
  if (generates) return tokenizerProblem(library, model, path);
  return {
    code: "modelUnsuitable",
    message: `${path} (${architecture}) does not generate text from left to right.`,
    remedy: CHOOSE_ANOTHER,
  };
}

function chooseThreads(requested: number): number {
  if (requested > 0) return requested;
  const processors = availableParallelism();
  // Hyperthreads share the units that matrix products keep busy.
  return processors <= 4 ? processors : Math.max(4, processors >> 1);
}

interface Opened {
  readonly library: Library;
  readonly backend: Backend;
}

/** The back end's libraries; if they do not open and the user has not chosen them, the CPU's. */
async function openChosen(
  backend: Backend,
  { requestedBackend, onProcessor }: LoadOptions,
): Promise<Opened | EngineProblem> {
  const library = await openBackend(backend);
  if (!isProblem(library)) return { library, backend: usedBackend(library, backend, onProcessor) };
  const processor = requestedBackend === "auto" && backend.name !== "cpu" ? findBackend("cpu") : undefined;
  const fallback = processor && (await openBackend(processor));
  return processor && fallback && !isProblem(fallback)
    ? { library: fallback, backend: { ...processor, withoutDevice: backend.name } }
    : library;
}

/** What a back end's libraries compute on. All of them contain code for the CPU, which is used if they find no device. */
function usedBackend(library: Library, backend: Backend, onProcessor = false): Backend {
  if (backend.name === "cpu") return backend;
  if (!library.supportsGpu()) return { ...backend, name: "cpu", withoutDevice: backend.name };
  return onProcessor ? { ...backend, name: "cpu" } : backend;
}

/**
 * Names a model file among load attempts; a changed file is another one. Each back end counts by itself, since it may be the
 * one that ends the process.
 */
function subjectOf(path: string, { name }: Backend): string {
  return `model ${path} ${modelStamp(path)} ${name}`;
}

/** Loads a model. Never throws for anything a user can cause; the outcome says what happened. */
export async function loadEngine(options: LoadOptions): Promise<LoadOutcome> {
  if (!isPossible(options.trees ?? EXACT_TREES)) throw new RangeError("trees larger than a batch");
  const { modelPath } = options;
  const problem = fileProblem(modelPath);
  if (problem) return { problem };
  const backend = await chooseBackend(options);
  if (isProblem(backend)) return { problem: backend };
  const attempts = new LoadAttempts(options.cacheDirectory);
  const subject = subjectOf(modelPath, backend);
  if (attempts.isDistrusted(subject)) return { problem: interrupted(modelPath, backend) };
  // Opening the libraries is watched too: it runs the driver's code.
  const watched = [watchLoading(backend, options), attempts.begin(subject)];
  const opened = await openChosen(backend, options);
  const hasDevice = !isProblem(opened) && opened.backend.withoutDevice === undefined;
  rememberDevice(backend, hasDevice, options);
  const outcome = isProblem(opened) ? { problem: opened } : await loadWatched(options, opened);
  const end = (attempt: LoadAttempt) => ("engine" in outcome ? attempt.succeeded() : attempt.ended());
  watched.forEach(end);
  return outcome;
}

const interrupted = (modelPath: string, { name }: Backend): EngineProblem => ({
  code: "modelInvalid",
  message: `Loading ${modelPath} has ended the server repeatedly, so it is not tried again automatically.`,
  remedy: `${chooseOtherThan(name)} To try it again: Foretoken: Restart Server.`,
});

/** Loads the model while the decoding thread starts. */
async function loadWatched(options: LoadOptions, opened: Opened): Promise<LoadOutcome> {
  const { decodeScript, threads } = options;
  // A single thread waits for no other.
  const isStarted = decodeScript !== undefined && chooseThreads(threads) > 1;
  const starting = isStarted ? DecodeThread.start(opened.library, decodeScript) : Promise.resolve(undefined);
  const outcome = await loadBest(options, opened, starting);
  if ("problem" in outcome) (await starting)?.free();
  return outcome;
}

/** Loads the model in the best placement that works, and uses it once: some models and drivers fail only then. */
async function loadBest(
  options: LoadOptions,
  opened: Opened,
  starting: Promise<DecodeThread | undefined>,
): Promise<LoadOutcome> {
  const choices = await choosePlacements(opened, options);
  if (isProblem(choices)) return { problem: choices };
  const { library, backend } = opened;
  const { modelPath, lessThan } = options;
  const loaded = await placeFirstFitting<Pointer, Loaded>(
    lessThan ? smallerThan(lessThan, choices) : choices,
    {
      load: layers => loadModel(library, modelPath, { layers, onProcessor: isOnProcessor(opened, layers) }),
      make: (model, placement) => makePlaced(opened, options, model, placement),
      free: library.modelFree,
    },
  );
  if (isProblem(loaded)) return { problem: loaded };
  const best = {
    layers: backend.name === "cpu" ? 0 : ALL_LAYERS,
    contextTokens: choices[0].contextTokens,
  };
  const note = placementNote(loaded.placement, best);
  const engine = buildEngine(options, loaded, await starting, note);
  const problem = await useOnce(engine);
  if (!problem) return { engine, placement: loaded.placement };
  await engine.dispose();
  return { problem };
}

function buildEngine(
  { modelPath, reuse, threads, requestedBackend }: LoadOptions,
  loaded: Loaded,
  decodeThread: DecodeThread | undefined,
  placed: string | undefined,
): LlamaEngine {
  const { library, backend, model, context, architecture, canRollBack, canShift, trees, threadPool } = loaded;
  const { rows, branches } = trees;
  const vocabulary = vocabularyOf(library, model);
  const device = backend.name === "cpu" ? undefined : graphicsDevice(library);
  const notes = notesOf(loaded, requestedBackend, vocabulary.special.fillMiddle !== undefined);
  const info: EngineInfo = {
    modelPath,
    modelName: metadata(library, model, "general.name") ?? basename(modelPath),
    fimOrder: metadata(library, model, "foretoken.fim_order"),
    fimFiles: metadata(library, model, "foretoken.fim_files"),
    chat: chatFormat(library, model, vocabulary),
    architecture,
    backend: backend.name,
    graphicsDevice: device?.name,
    graphicsBytes: device?.totalBytes,
    graphicsLayers: device && loaded.placement.layers,
    release: EXPECTED_RELEASE,
    threads: loaded.threads,
    keys: loaded.keys,
    contextTokens: context.mostTokens,
    maxTreeNodes: canRollBack ? rows : 1,
    maxBranches: branches,
    notes: placed === undefined ? notes : [placed, ...notes],
  };
  const native = {
    library,
    model,
    context,
    cache: new KvCache(library, context, branches, branches + 1),
    vocabulary,
    spareSequence: branches,
    rows,
    canRollBack,
    canShift,
    hasWindow: library.modelWindow(model) > 0,
    reuse,
    // Its results differ in last bits from those of the engine's own context.
    longPrompts:
      loaded.keys === "q8_0" && canRollBack && reuse !== "exact" && !loaded.keysDependOnSize
        ? new LongPrompts(library, model, headValues(library, model, architecture))
        : undefined,
    modelBytes: modelBytes(modelPath),
    threadPool,
    decodeThread,
    // A number of threads that the user has set is kept.
    governor: backend.name === "cpu" && threads === 0 ? new ThreadGovernor() : undefined,
  };
  return new LlamaEngine(info, native, untuned(loaded.threads));
}

/** Thread counts worth trying on this machine. @param requested by the user; 0 where none is */
export function threadChoices(requested: number): number[] {
  if (requested > 0) return [requested];
  const processors = availableParallelism();
  const choices = new Set([1, processors >> 1, Math.ceil((processors * 3) / 4), processors]);
  // A single thread is only best on machines with one or two processors.
  return [...choices].filter(count => count > 0 && (count > 1 || processors <= 2)).sort((a, b) => a - b);
}
