/** Files of source code by their names: what is indexed of a workspace, and read of a folder. */

/** Files that refer to each other, and so are worth drafting from in each other. */
export interface FileKind {
  /** Ids of LSP. */
  readonly languages: readonly string[];
  /** With the dot. */
  readonly extensions: readonly string[];
}

export const PYTHON_EXTENSIONS: readonly string[] = [".py", ".pyi"];

export const FILE_KINDS: readonly FileKind[] = [
  { languages: ["python"], extensions: PYTHON_EXTENSIONS },
  {
    languages: ["javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"],
    extensions: [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"],
  },
  { languages: ["go"], extensions: [".go"] },
  { languages: ["rust"], extensions: [".rs"] },
  {
    languages: ["c", "cpp", "cuda-cpp", "objective-c", "objective-cpp"],
    extensions: [".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu", ".cuh", ".m", ".mm"],
  },
  { languages: ["java"], extensions: [".java"] },
  { languages: ["kotlin"], extensions: [".kt", ".kts"] },
  { languages: ["scala"], extensions: [".scala"] },
  { languages: ["csharp"], extensions: [".cs"] },
  { languages: ["swift"], extensions: [".swift"] },
  { languages: ["dart"], extensions: [".dart"] },
  { languages: ["ruby"], extensions: [".rb", ".rake"] },
  { languages: ["php"], extensions: [".php"] },
  { languages: ["perl"], extensions: [".pl", ".pm"] },
  { languages: ["lua"], extensions: [".lua"] },
  { languages: ["elixir"], extensions: [".ex", ".exs"] },
  { languages: ["haskell"], extensions: [".hs"] },
  { languages: ["julia"], extensions: [".jl"] },
  { languages: ["shellscript"], extensions: [".sh", ".bash"] },
];

/** The kind of files that documents in a language belong to; undefined for languages that are not indexed. */
export const fileKindOf = (languageId: string): FileKind | undefined =>
  FILE_KINDS.find(({ languages }) => languages.includes(languageId));

/** Endings of all of them. */
export const CODE_EXTENSIONS: readonly string[] = FILE_KINDS.flatMap(({ extensions }) => extensions);
