/**
 * The C interface of libllama as shipped with the pinned node-llama-cpp: structs, functions, and
 * nothing else. `layout.ts` proves at start-up that the library agrees with what is declared here.
 *
 * Functions are called on koffi's own stack, whose size must be raised before the first library is loaded.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { limitAllocator } from "./allocator.ts";

koffi.config({
  sync_stack_size: 16 << 20,
  async_stack_size: 16 << 20,
  sync_heap_size: 1 << 20,
  async_heap_size: 1 << 18,
});

/** The node-llama-cpp release whose libraries these declarations describe. */
export const EXPECTED_RELEASE = "3.22.1";

/** An address in the library's memory; null is C's NULL. */
export type Pointer = bigint | null;

type FieldValue = number | boolean | bigint | null;
/** C name, C type, and the value the library's own defaults hold (the canary of the layout proof). */
type Field = readonly [name: string, type: string, standard: FieldValue];

const POINTER = "void *";

export const MODEL_PARAMS: readonly Field[] = [
  ["devices", POINTER, null],
  ["tensor_buft_overrides", POINTER, null],
  ["n_gpu_layers", "int32", -1],
  ["split_mode", "int32", 1],
  ["load_mode", "int32", -1],
  ["lazy_mode", "int32", 1],
  ["main_gpu", "int32", 0],
  ["tensor_split", POINTER, null],
  ["progress_callback", POINTER, null],
  ["progress_callback_user_data", POINTER, null],
  ["kv_overrides", POINTER, null],
  ["vocab_only", "bool", false],
  ["check_tensors", "bool", false],
  ["use_extra_bufts", "bool", true],
  ["no_host", "bool", false],
  ["no_alloc", "bool", false],
  ["load_mtp", "bool", false],
];

export const CONTEXT_PARAMS: readonly Field[] = [
  ["n_ctx", "uint32", 512],
  ["n_batch", "uint32", 2048],
  ["n_ubatch", "uint32", 512],
  ["n_seq_max", "uint32", 1],
  ["n_rs_seq", "uint32", 0],
  ["n_outputs_max", "uint32", 0],
  ["n_outputs_max_per_seq", "uint32", 1],
  ["n_threads", "int32", 4],
  ["n_threads_batch", "int32", 4],
  ["ctx_type", "int32", 0],
  ["rope_scaling_type", "int32", -1],
  ["pooling_type", "int32", -1],
  ["attention_type", "int32", -1],
  ["flash_attn_type", "int32", -1],
  ["rope_freq_base", "float", 0],
  ["rope_freq_scale", "float", 0],
  ["yarn_ext_factor", "float", -1],
  ["yarn_attn_factor", "float", -1],
  ["yarn_beta_fast", "float", -1],
  ["yarn_beta_slow", "float", -1],
  ["yarn_orig_ctx", "uint32", 0],
  ["defrag_thold", "float", -1],
  ["cb_eval", POINTER, null],
  ["cb_eval_user_data", POINTER, null],
  ["type_k", "int32", 1],
  ["type_v", "int32", 1],
  ["abort_callback", POINTER, null],
  ["abort_callback_data", POINTER, null],
  ["embeddings", "bool", false],
  ["offload_kqv", "bool", true],
  ["no_perf", "bool", true],
  ["op_offload", "bool", true],
  ["swa_full", "bool", true],
  ["kv_unified", "bool", false],
  ["samplers", POINTER, null],
  ["n_samplers", "size_t", 0],
  ["ctx_other", POINTER, null],
];

export type Params = Record<string, FieldValue>;

const declare = (name: string, fields: readonly Field[]) =>
  koffi.struct(name, Object.fromEntries(fields.map(([field, type]) => [field, type])));

export const modelParamsType = declare("llama_model_params", MODEL_PARAMS);
export const contextParamsType = declare("llama_context_params", CONTEXT_PARAMS);
koffi.struct("llama_batch", {
  n_tokens: "int32",
  token: POINTER,
  embd: POINTER,
  pos: POINTER,
  n_seq_id: POINTER,
  seq_id: POINTER,
  logits: POINTER,
});
export const logCallbackType = koffi.proto("void foretoken_log(int level, const char *text, void *data)");

/** A batch as `llama_decode` takes it: addresses of arrays that outlive the call. */
export interface BatchStruct {
  n_tokens: number;
  readonly token: bigint;
  readonly embd: null;
  readonly pos: bigint;
  readonly n_seq_id: bigint;
  readonly seq_id: bigint;
  readonly logits: bigint;
}

type Native<Args extends readonly unknown[], Result> = ((...args: Args) => Result) & {
  async(...args: [...Args, (error: Error | null, result: Result) => void]): void;
};

/** Runs a native function on a worker thread, so that the event loop keeps turning. */
export function inBackground<Args extends readonly unknown[], Result>(
  native: Native<Args, Result>,
  ...args: Args
): Promise<Result> {
  return new Promise((resolve, reject) => {
    native.async(...args, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** The file in `directory` that is the named library; GPU builds and releases put infixes into the name. */
function libraryFile(directory: string, name: string): string {
  const pattern = new RegExp(`^(lib)?${name}(\\.(cuda|vulkan|metal))?(\\.v[\\d.]+)?\\.(so|dylib|dll)$`);
  const file = readdirSync(directory).find(entry => pattern.test(entry));
  if (!file) throw new Error(`${directory} has no ${name} library`);
  return join(directory, file);
}

const LIBC: Partial<Record<NodeJS.Platform, string>> = { win32: "ucrtbase.dll", darwin: "libSystem.B.dylib" };

/** A function that binds C prototypes of one library to typed JavaScript. */
const binder =
  (library: ReturnType<typeof koffi.load>) =>
  <Args extends readonly unknown[], Result>(prototype: string) =>
    library.func(prototype) as unknown as Native<Args, Result>;

type Binder = ReturnType<typeof binder>;
type Model = Pointer;
type Context = Pointer;
export type Memory = Pointer;
type Vocab = Pointer;

const processFunctions = (llama: Binder, ggml: Binder, base: Binder) => ({
  version: llama<[], string>("const char *llama_version()"),
  logSet: llama<[Pointer, Pointer], void>("void llama_log_set(void *callback, void *data)"),
  supportsGpu: llama<[], boolean>("bool llama_supports_gpu_offload()"),
  backendInit: llama<[], void>("void llama_backend_init()"),
  loadBackends: ggml<[string], void>("void ggml_backend_load_all_from_path(const char *directory)"),
  deviceCount: ggml<[], number>("size_t ggml_backend_dev_count()"),
  deviceAt: ggml<[number], Pointer>("void *ggml_backend_dev_get(size_t index)"),
  deviceType: base<[Pointer], number>("int32 ggml_backend_dev_type(void *device)"),
  deviceDescription: base<[Pointer], string>("const char *ggml_backend_dev_description(void *device)"),
  registryOf: ggml<[string], Pointer>("void *ggml_backend_reg_by_name(const char *name)"),
  procedure: base<[Pointer, string], Pointer>(
    "void *ggml_backend_reg_get_proc_address(void *registry, const char *name)",
  ),
  threadPoolParams: base<[Uint8Array, number], void>(
    "void ggml_threadpool_params_init(_Inout_ uint8 *params, int threads)",
  ),
  halfToFloat: base<[bigint, bigint, number], void>(
    "void ggml_fp16_to_fp32_row(void *source, void *target, int64 count)",
  ),
  quantise: base<[number, bigint, bigint, number, number, number, null], number>(
    "size_t ggml_quantize_chunk(int32 type, void *source, void *target, int64 start, int64 rows, int64 rowLength, void *importance)",
  ),
  deviceMemory: base<[Pointer, BigUint64Array, BigUint64Array], void>(
    "void ggml_backend_dev_memory(void *device, _Out_ uint64 *free, _Out_ uint64 *total)",
  ),
});

const modelFunctions = (llama: Binder) => ({
  modelDefaultParams: llama<[], Params>("llama_model_params llama_model_default_params()"),
  modelLoad: llama<[string, Params], Model>(
    "void *llama_model_load_from_file(const char *path, llama_model_params params)",
  ),
  modelFree: llama<[Model], void>("void llama_model_free(void *model)"),
  modelWindow: llama<[Model], number>("int32 llama_model_n_swa(void *model)"),
  modelTrainedContext: llama<[Model], number>("int32 llama_model_n_ctx_train(void *model)"),
  modelIsRecurrent: llama<[Model], boolean>("bool llama_model_is_recurrent(void *model)"),
  modelIsHybrid: llama<[Model], boolean>("bool llama_model_is_hybrid(void *model)"),
  modelIsDiffusion: llama<[Model], boolean>("bool llama_model_is_diffusion(void *model)"),
  modelHasEncoder: llama<[Model], boolean>("bool llama_model_has_encoder(void *model)"),
  modelHasDecoder: llama<[Model], boolean>("bool llama_model_has_decoder(void *model)"),
  modelMetadata: llama<[Model, string, Uint8Array, number], number>(
    "int32 llama_model_meta_val_str(void *model, const char *key, _Out_ uint8 *buffer, size_t size)",
  ),
});

const vocabularyFunctions = (llama: Binder) => ({
  vocabOf: llama<[Model], Vocab>("void *llama_model_get_vocab(void *model)"),
  vocabType: llama<[Vocab], number>("int32 llama_vocab_type(void *vocab)"),
  vocabTokens: llama<[Vocab], number>("int32 llama_vocab_n_tokens(void *vocab)"),
  vocabAddsBeginning: llama<[Vocab], boolean>("bool llama_vocab_get_add_bos(void *vocab)"),
  vocabEndsText: llama<[Vocab, number], boolean>("bool llama_vocab_is_eog(void *vocab, int32 token)"),
  vocabBeginning: llama<[Vocab], number>("int32 llama_vocab_bos(void *vocab)"),
  vocabFillPrefix: llama<[Vocab], number>("int32 llama_vocab_fim_pre(void *vocab)"),
  vocabFillSuffix: llama<[Vocab], number>("int32 llama_vocab_fim_suf(void *vocab)"),
  vocabFillMiddle: llama<[Vocab], number>("int32 llama_vocab_fim_mid(void *vocab)"),
  vocabAttributes: llama<[Vocab, number], number>("int32 llama_vocab_get_attr(void *vocab, int32 token)"),
  tokenize: llama<[Vocab, Uint8Array, number, Int32Array, number, boolean, boolean], number>(
    "int32 llama_tokenize(void *vocab, void *text, int32 bytes, _Out_ int32 *tokens, int32 room, bool addSpecial, bool parseSpecial)",
  ),
  tokenToPiece: llama<[Vocab, number, Uint8Array, number, number, boolean], number>(
    "int32 llama_token_to_piece(void *vocab, int32 token, _Out_ uint8 *buffer, int32 size, int32 leftStrip, bool special)",
  ),
});

const decodeFunctions = (llama: Binder) => ({
  /** On a graphics device the decode may still be under way when this returns. */
  decode: llama<[Context, BatchStruct], number>("int32 llama_decode(void *context, llama_batch batch)"),
  /** Waits for the decode under way. */
  synchronize: llama<[Context], void>("void llama_synchronize(void *context)"),
});

const contextFunctions = (llama: Binder) => ({
  contextDefaultParams: llama<[], Params>("llama_context_params llama_context_default_params()"),
  contextCreate: llama<[Model, Params], Context>(
    "void *llama_init_from_model(void *model, llama_context_params params)",
  ),
  contextFree: llama<[Context], void>("void llama_free(void *context)"),
  contextTokens: llama<[Context], number>("uint32 llama_n_ctx(void *context)"),
  contextTokensPerSequence: llama<[Context], number>("uint32 llama_n_ctx_seq(void *context)"),
  batchTokens: llama<[Context], number>("uint32 llama_n_batch(void *context)"),
  microBatchTokens: llama<[Context], number>("uint32 llama_n_ubatch(void *context)"),
  sequences: llama<[Context], number>("uint32 llama_n_seq_max(void *context)"),
  threads: llama<[Context], number>("int32 llama_n_threads(void *context)"),
  batchThreads: llama<[Context], number>("int32 llama_n_threads_batch(void *context)"),
  setThreads: llama<[Context, number, number], void>(
    "void llama_set_n_threads(void *context, int32 threads, int32 batchThreads)",
  ),
  attachThreadPool: llama<[Context, Pointer, Pointer], void>(
    "void llama_attach_threadpool(void *context, void *pool, void *batchPool)",
  ),
  setAbortCallback: llama<[Context, Pointer, Pointer], void>(
    "void llama_set_abort_callback(void *context, void *callback, void *data)",
  ),
  stateBytes: llama<[Context, number], number>(
    "size_t llama_state_seq_get_size(void *context, int32 sequence)",
  ),
  stateRead: llama<[Context, Uint8Array, number, number], number>(
    "size_t llama_state_seq_get_data(void *context, _Out_ uint8 *target, size_t bytes, int32 sequence)",
  ),
  stateWrite: llama<[Context, Uint8Array, number, number], number>(
    "size_t llama_state_seq_set_data(void *context, uint8 *source, size_t bytes, int32 sequence)",
  ),
  ...decodeFunctions(llama),
  logitsAt: llama<[Context, number], Pointer>("void *llama_get_logits_ith(void *context, int32 row)"),
  memoryOf: llama<[Context], Memory>("void *llama_get_memory(void *context)"),
  memoryClear: llama<[Memory, boolean], void>("void llama_memory_clear(void *memory, bool data)"),
  sequenceRemove: llama<[Memory, number, number, number], boolean>(
    "bool llama_memory_seq_rm(void *memory, int32 sequence, int32 from, int32 to)",
  ),
  memoryCanShift: llama<[Memory], boolean>("bool llama_memory_can_shift(void *memory)"),
  sequenceShift: llama<[Memory, number, number, number, number], void>(
    "void llama_memory_seq_add(void *memory, int32 sequence, int32 from, int32 to, int32 shift)",
  ),
  sequenceCopy: llama<[Memory, number, number, number, number], void>(
    "void llama_memory_seq_cp(void *memory, int32 source, int32 target, int32 from, int32 to)",
  ),
});

const createPool = koffi.proto("void *foretoken_threadpool_new(void *params)");
const freePool = koffi.proto("void foretoken_threadpool_free(void *pool)");

function threadPoolFunctions({
  registryOf,
  procedure,
  threadPoolParams,
}: ReturnType<typeof processFunctions>) {
  const registry = registryOf("CPU");
  const create = registry === null ? null : procedure(registry, "ggml_threadpool_new");
  const free = registry === null ? null : procedure(registry, "ggml_threadpool_free");
  if (create === null || free === null) return undefined;
  return {
    initialise: (params: Uint8Array, threads: number) => threadPoolParams(params, threads),
    create: koffi.decode(create, createPool) as unknown as (params: Uint8Array) => Pointer,
    free: koffi.decode(free, freePool) as unknown as (pool: Pointer) => void,
  };
}

/** Loads the libraries of one back end's folder and binds the functions the engine calls. */
export function openLibrary(directory: string) {
  // ggml's own libraries first: libllama finds them loaded.
  const base = koffi.load(libraryFile(directory, "ggml-base"));
  const ggml = koffi.load(libraryFile(directory, "ggml"));
  const llama = koffi.load(libraryFile(directory, "llama"));
  const libc = koffi.load(LIBC[process.platform] ?? "libc.so.6");
  if (process.platform === "linux")
    limitAllocator(binder(libc)<[number, number], number>("int mallopt(int option, int value)"));
  const llamaBinder = binder(llama);
  const processWide = processFunctions(llamaBinder, binder(ggml), binder(base));
  return {
    directory,
    llama,
    ...processWide,
    /** ggml's thread pools, which belong to the CPU back end's library; undefined where it has none. */
    threadPools: () => threadPoolFunctions(processWide),
    ...modelFunctions(llamaBinder),
    ...vocabularyFunctions(llamaBinder),
    ...contextFunctions(llamaBinder),
    copyMemory: binder(libc)<[Float32Array, Pointer, number], Pointer>(
      "void *memcpy(_Out_ void *target, void *source, size_t bytes)",
    ),
    /** Address of `strlen`, the abort predicate that needs no JavaScript: it is non-zero once the first byte is. */
    stringLength: libc.symbol("strlen") as bigint,
  };
}

export type Library = ReturnType<typeof openLibrary>;

/** Decodes and waits for the result, by libraries that another thread of this process has opened. */
export function openDecode(directory: string) {
  const { decode, synchronize } = decodeFunctions(binder(koffi.load(libraryFile(directory, "llama"))));
  return (context: Context, batch: BatchStruct): number => {
    const code = decode(context, batch);
    synchronize(context);
    return code;
  };
}

/** The address of an array's memory. The array must not move: allocate it over an ArrayBuffer of its own. */
export function addressOf(array: ArrayBufferView): bigint {
  return koffi.address(array);
}

export const readInt32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(at, value, true);
}

/** Offset just after a struct's field, in bytes. */
export function endOfField(type: ReturnType<typeof koffi.struct>, field: string, bytes: number): number {
  return koffi.offsetof(type, field) + bytes;
}
