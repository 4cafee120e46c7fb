/** Model files: whether one can be loaded, its metadata, its tokenizer; and the library that reads it. */

import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, firstBytes, messageOf, modelBytes, otherKind, partsOf } from "../system/index.ts";
import { type Backend, findBackend } from "./backend.ts";
import type { ChatFormat, EngineProblem } from "./engine.ts";
import { exitWithin } from "./exitWithin.ts";
import { layoutMessage, layoutProblems } from "./layout.ts";
import { addressOf, inBackground, type Library, openLibrary, type Params, type Pointer } from "./libllama.ts";
import { type LogLine, silence, withReason } from "./libraryLog.ts";
import { tokenizerFault } from "./tokenizerFault.ts";
import { REINSTALL, unopened } from "./unopened.ts";
import { LlamaVocabulary } from "./vocabulary.ts";

const OUT_OF_MEMORY = /alloc|out of memory|not enough memory/i;
export const CHOOSE_ANOTHER =
  'Choose another GGUF file in the setting "foretoken.modelPath", or clear it for the default model.';

/** What helps against a model that fails on one back end. */
export const chooseOtherThan = (backend: string): string =>
  backend === "cpu"
    ? CHOOSE_ANOTHER
    : `${CHOOSE_ANOTHER} Or run it on the processor: set "foretoken.backend" to "cpu".`;

export const isProblem = (value: object | bigint | null): value is EngineProblem =>
  typeof value === "object" && value !== null && "remedy" in value;

const libraries = new Map<string, Promise<Library | EngineProblem>>();

/** Loads a back end's libraries once per process and proves their layout; a failure is tried again. */
export async function openBackend({ directory }: Backend): Promise<Library | EngineProblem> {
  const opening = libraries.get(directory) ?? openDirectory(directory);
  libraries.set(directory, opening);
  const opened = await opening;
  if (isProblem(opened)) libraries.delete(directory);
  return opened;
}

async function openDirectory(directory: string): Promise<Library | EngineProblem> {
  let library: Library;
  try {
    library = openLibrary(directory);
  } catch (error) {
    return unopened(messageOf(error));
  }
  const problems = layoutProblems(library);
  if (problems.length > 0)
    return { code: "layout", message: layoutMessage(library, problems), remedy: REINSTALL };
  silence(library);
  // Graphics drivers start here, which takes up to a second or so.
  await exitWithin(async () => {
    await inBackground(library.backendInit);
    await inBackground(library.loadBackends, directory);
  });
  return library;
}

/** Bytes of a GGUF file before its keys. */
const HEADER_BYTES = 24;

/**
 * Problems that the file alone shows.
 * @param tokenizes whether the file is only used to tokenize
 */
export function fileProblem(path: string, tokenizes = false): EngineProblem | undefined {
  const invalid = (message: string, remedy = CHOOSE_ANOTHER): EngineProblem => ({
    code: "modelInvalid",
    message,
    remedy,
  });
  let head: Buffer;
  try {
    const status = statSync(path);
    if (!status.isFile()) return invalid(`${path} is not a file.`);
    head = firstBytes(path, HEADER_BYTES);
  } catch (error) {
    const [code, message] = [codeOf(error), messageOf(error)];
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
  if (head.length < HEADER_BYTES)
    return invalid(`${path} ends within its header.`, "Download the file again.");
  return splitProblem(path) ?? kindProblem(path, tokenizes);
}

/** Why a file that is no model which generates text is not loaded. */
function kindProblem(path: string, tokenizes: boolean): EngineProblem | undefined {
  const kind = otherKind(path);
  if (!kind || (tokenizes && kind.hasTokenizer)) return undefined;
  const remedy = `Use ${kind.instead}. ${CHOOSE_ANOTHER}`;
  return { code: "modelUnsuitable", message: `${path} ${kind.what}.`, remedy };
}

/** Why a part of a model cannot be loaded: it is not the first one, or others are missing. */
function splitProblem(path: string): EngineProblem | undefined {
  const parts = partsOf(path);
  const [first = path] = parts;
  const missing = parts.filter(part => !existsSync(part)).map(part => basename(part));
  const code = "modelInvalid";
  if (basename(path) !== basename(first))
    return { code, message: `${path} is not the first part of its model.`, remedy: `Choose ${first}.` };
  if (missing.length === 0) return undefined;
  const remedy = "Download the missing parts into the same folder.";
  return { code, message: `${path} is part of a model that lacks ${missing.join(", ")}.`, remedy };
}

export function metadata(library: Library, model: Pointer, key: string): string | undefined {
  let buffer = new Uint8Array(1024);
  let length = library.modelMetadata(model, key, buffer, buffer.length);
  if (length >= buffer.length) {
    // The written text ends with a NUL.
    buffer = new Uint8Array(length + 1);
    length = library.modelMetadata(model, key, buffer, buffer.length);
  }
  return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, length));
}

/** How the model writes conversations; undefined where its file does not say. */
export function chatFormat(
  library: Library,
  model: Pointer,
  vocabulary: LlamaVocabulary,
): ChatFormat | undefined {
  const template = metadata(library, model, "tokenizer.chat_template");
  if (!template) return undefined;
  const written = (name: string) => {
    const token = metadata(library, model, `tokenizer.ggml.${name}_token_id`);
    return token === undefined ? "" : vocabulary.writtenText(Number(token));
  };
  return { template, beginning: written("bos"), end: written("eos") };
}

/** The errors of a library log as one sentence; its last line where there are none. */
export function errorOf(log: readonly LogLine[]): string {
  const errors = log.filter(({ isError }) => isError);
  const lines = errors.length > 0 ? errors : log.slice(-1);
  if (lines.length === 0) return "llama.cpp gives no reason";
  const causes = lines.map(({ text }) => text.trim().replace(/^\w+: (?:error loading model[^:]*: )*/, ""));
  // Every failed load logs this last.
  const telling = causes.filter(cause => cause !== "failed to load model");
  return (telling.length > 0 ? telling : causes).join("; ");
}

/** llama.cpp's `LLAMA_LOAD_MODE_NONE`: the file is read, not mapped. */
const READ_WHOLE = 0;
/** Up to this size a model's file is read, not mapped, if the processor computes. */
const READ_WHOLE_BYTES = 1 << 30;
/** An empty list of devices: llama.cpp then uses only the processor. */
const NO_DEVICES = new BigUint64Array(1);

interface ModelPlace {
  /** Layers in graphics memory. */
  readonly layers: number;
  /** Whether graphics devices compute nothing at all, not even the large products of layers that lie elsewhere. */
  readonly onProcessor?: boolean;
  /** Whether the weights stay in the file. */
  readonly vocabularyOnly?: boolean;
}

export async function loadModel(
  library: Library,
  path: string,
  { layers, onProcessor = false, vocabularyOnly = false }: ModelPlace,
): Promise<Pointer | EngineProblem> {
  // The processor's weights are repacked in memory, and a mapped file would stay in memory next to them. A large file is
  // mapped: the system can drop mapped pages, but would have to swap out those that were read.
  const isRead = layers === 0 && !vocabularyOnly && modelBytes(path) <= READ_WHOLE_BYTES;
  const params: Params = {
    ...library.modelDefaultParams(),
    n_gpu_layers: layers,
    vocab_only: vocabularyOnly,
    ...(onProcessor && { devices: addressOf(NO_DEVICES) }),
    ...(isRead && { load_mode: READ_WHOLE }),
  };
  const { result, log } = await withReason(library, () => inBackground(library.modelLoad, path, params));
  if (result !== null) return result;
  const cause = errorOf(log);
  if (layers !== 0 && OUT_OF_MEMORY.test(cause))
    return {
      code: "memory",
      message: `${path} does not fit into memory: ${cause}.`,
      remedy: "Choose a smaller model.",
    };
  const remedy = `${adviceOn(cause)}${CHOOSE_ANOTHER}`;
  return { code: "modelInvalid", message: `${path} could not be loaded: ${cause}.`, remedy };
}

/** What the causes of failed loads suggest. Of several that fit, the first counts: each also stops the file from being read. */
const ADVICE: readonly [cause: RegExp, advice: string][] = [
  [/unknown model architecture/i, "It may be newer than this release of Foretoken, or not a language model."],
  [/only supports up to version/i, "The file is newer than this release of Foretoken: update it."],
  [/no longer supported/i, "The file is of an old format: download a newer one of this model."],
  [/endianness/i, "The file is for processors of the other byte order: download one for this processor."],
  [
    /not within the file bounds|incomplete|truncat|failed to read/i,
    "The file is damaged or incomplete: download it again.",
  ],
];

/** The advice on the cause of a failed load, as a sentence followed by a blank. */
function adviceOn(cause: string): string {
  const [, advice] = ADVICE.find(([pattern]) => pattern.test(cause)) ?? [];
  return advice === undefined ? "" : `${advice} `;
}

/** Why a model's vocabulary cannot be used; undefined if it can. */
export function tokenizerProblem(library: Library, model: Pointer, path: string): EngineProblem | undefined {
  const fault = tokenizerFault(library, library.vocabOf(model));
  return fault === undefined
    ? undefined
    : { code: "modelUnsuitable", message: `${path} ${fault}.`, remedy: CHOOSE_ANOTHER };
}

export function vocabularyOf(library: Library, model: Pointer): LlamaVocabulary {
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
  const problem = fileProblem(modelPath, true);
  if (problem) return { problem };
  const backend = findBackend("cpu");
  const library = backend && (await openBackend(backend));
  if (!library) throw new Error("the package has no CPU libraries");
  if (isProblem(library)) return { problem: library };
  const model = await loadModel(library, modelPath, { layers: 0, vocabularyOnly: true });
  if (isProblem(model)) return { problem: model };
  const dispose = () => library.modelFree(model);
  const unsuitable = tokenizerProblem(library, model, modelPath);
  if (!unsuitable) return { vocabulary: vocabularyOf(library, model), dispose };
  dispose();
  return { problem: unsuitable };
}
