/** The fixture model in other quantisations, made by llama.cpp itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { findBackend } from "../../server/engine/backend.ts";
import { openLibrary } from "../../server/engine/libllama.ts";
import { silence } from "../../server/engine/libraryLog.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

/** llama.cpp's numbers of file types. */
export const FILE_TYPES = { F16: 1, Q4_0: 2, Q8_0: 7, Q4_K: 15 } as const;
export type FileType = keyof typeof FILE_TYPES;

koffi.struct("llama_model_quantize_params", {
  nthread: "int32",
  ftype: "int32",
  output_tensor_type: "int32",
  token_embedding_type: "int32",
  allow_requantize: "bool",
  quantize_output_tensor: "bool",
  only_copy: "bool",
  pure: "bool",
  keep_split: "bool",
  dry_run: "bool",
  imatrix: "void *",
  kv_overrides: "void *",
  tt_overrides: "void *",
  prune_layers: "void *",
  max_buf_size: "size_t",
});

/** Makes the model of each type in a folder of its own; `dispose` removes it. */
export function quantised() {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-quantised-"));
  const backend = findBackend("cpu");
  if (!backend) throw new Error("llama.cpp for the CPU is not installed");
  const library = openLibrary(backend.directory);
  silence(library);
  const defaults = library.llama.func("llama_model_quantize_params llama_model_quantize_default_params()");
  const quantise = library.llama.func(
    "uint32 llama_model_quantize(const char *from, const char *to, llama_model_quantize_params *parameters)",
  );
  return {
    path(type: FileType): string {
      if (type === "Q8_0") return fixtureModelPath();
      const path = join(folder, `${type}.gguf`);
      const options = { ...defaults(), ftype: FILE_TYPES[type], allow_requantize: true, nthread: 2 };
      if (quantise(fixtureModelPath(), path, options) !== 0) throw new Error(`no ${type} could be made`);
      return path;
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
