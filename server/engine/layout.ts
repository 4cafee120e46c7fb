/**
 * Proof that the loaded library and `libllama.ts` agree on the layout of structs passed by value. A disagreement would silently
 * corrupt memory, so the engine requires this proof before the first model is loaded; without it, no completions are offered.
 *
 * Three witnesses: every field of the library's default parameters has its known value; the library
 * writes exactly as many bytes as are declared (x86-64); a context made with odd sizes reports them back.
 */
import {
  CONTEXT_PARAMS,
  contextParamsType,
  EXPECTED_RELEASE,
  endOfField,
  type Library,
  MODEL_PARAMS,
  modelParamsType,
  type Params,
  type Pointer,
} from "./libllama.ts";

type Fields = typeof MODEL_PARAMS;

function differences(struct: string, fields: Fields, got: Params): string[] {
  return fields
    .filter(([name, , standard]) => got[name] !== standard)
    .map(([name, , standard]) => `${struct}.${name} is ${got[name]}, expected ${standard}`);
}

/**
 * How many bytes the library writes when it returns a struct. On the x86-64 ABIs a large struct is
 * returned through a pointer in the first argument: call with two fill patterns and see what changed.
 */
function writtenBytes(library: Library, functionName: string): number {
  const call = library.llama.func(`void *${functionName}(void *result)`) as unknown as (
    result: Buffer,
  ) => Pointer;
  const first = Buffer.alloc(1024, 0xa5);
  const second = Buffer.alloc(1024, 0x5a);
  call(first);
  call(second);
  let end = first.length;
  while (end > 0 && first[end - 1] !== second[end - 1]) end--;
  return end;
}

function wrongExtents(library: Library): string[] {
  if (process.arch !== "x64") return [];
  const expected = [
    ["llama_model_default_params", endOfField(modelParamsType, "load_mtp", 1)],
    ["llama_context_default_params", endOfField(contextParamsType, "ctx_other", 8)],
  ] as const;
  return expected.flatMap(([name, bytes]) => {
    const written = writtenBytes(library, name);
    // A compiler may write the padding after the last bool as well.
    return written >= bytes && written <= Math.ceil(bytes / 8) * 8
      ? []
      : [`${name} writes ${written} bytes, expected ${bytes}`];
  });
}

/** Disagreements between the library and the declarations; empty when the layout is proved. */
export function layoutProblems(library: Library): string[] {
  return [
    ...differences("model", MODEL_PARAMS, library.modelDefaultParams()),
    ...differences("context", CONTEXT_PARAMS, library.contextDefaultParams()),
    ...wrongExtents(library),
  ];
}

/** Checks that a new context has the sizes it was asked for; `kv_unified` shows as one window for all. */
export function contextProblems(library: Library, context: Pointer, asked: Params): string[] {
  const checks: [string, number, number][] = [
    ["n_batch", library.batchTokens(context), Number(asked.n_batch)],
    ["n_ubatch", library.microBatchTokens(context), Number(asked.n_ubatch)],
    ["n_seq_max", library.sequences(context), Number(asked.n_seq_max)],
    ["n_threads", library.threads(context), Number(asked.n_threads)],
    ["n_threads_batch", library.batchThreads(context), Number(asked.n_threads_batch)],
    ["kv_unified", library.contextTokensPerSequence(context), library.contextTokens(context)],
  ];
  return checks
    .filter(([, got, wanted]) => got !== wanted)
    .map(([name, got, wanted]) => `context.${name} is ${got}, expected ${wanted}`);
}

/** The one sentence a user needs when the proof fails. */
export function layoutMessage(library: Library, problems: readonly string[]): string {
  return `The llama.cpp library in ${library.directory} (version ${library.version()}) is not that of node-llama-cpp ${EXPECTED_RELEASE}: ${problems.join("; ")}.`;
}
