/** The language of a file by its name, as editors determine it. Ids are those of LSP. */
import { basename } from "node:path";

const ENDINGS: Readonly<Record<string, string>> = {
  py: "python",
  pyi: "python",
  pyw: "python",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  jsx: "javascriptreact",
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  tsx: "typescriptreact",
  rs: "rust",
  h: "cpp",
  cc: "cpp",
  cxx: "cpp",
  hh: "cpp",
  hpp: "cpp",
  hxx: "cpp",
  cs: "csharp",
  kt: "kotlin",
  kts: "kotlin",
  sc: "scala",
  gradle: "groovy",
  rb: "ruby",
  rake: "ruby",
  ex: "elixir",
  exs: "elixir",
  sh: "shellscript",
  bash: "shellscript",
  zsh: "shellscript",
  yml: "yaml",
  gd: "gdscript",
  mk: "makefile",
  md: "markdown",
  txt: "plaintext",
};

/** Languages of files that are recognised by their full name. */
const NAMES: Readonly<Record<string, string>> = {
  makefile: "makefile",
  gnumakefile: "makefile",
  dockerfile: "dockerfile",
  rakefile: "ruby",
  gemfile: "ruby",
};

/** The table's own value of a key: what users write may equal the name of an inherited property. */
export const own = (table: Readonly<Record<string, string>>, key: string) =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** @param otherwise language of a file whose name does not tell; absent: a language named like the ending */
export function languageOfFile(path: string, otherwise?: string): string {
  const name = basename(path).toLowerCase();
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return own(NAMES, name) ?? own(ENDINGS, ending) ?? otherwise ?? (name.includes(".") ? ending : "plaintext");
}
