/** Names of programming languages as data sets write them: of folders (`c-sharp`), and in rows (`C#`). */

/** Other names of languages, in small letters and with hyphens, by the name of their folder in The Stack. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  python: ["py", "python3"],
  "c++": ["cpp"],
  cuda: ["cuda-cpp"],
  "c-sharp": ["c#", "csharp", "cs"],
  "f-sharp": ["f#", "fsharp"],
  go: ["golang"],
  javascript: ["js", "javascriptreact", "jsx"],
  typescript: ["ts", "typescriptreact", "tsx"],
  rust: ["rs"],
  ruby: ["rb"],
  kotlin: ["kt"],
  shell: ["bash", "sh", "shellscript"],
  batchfile: ["bat"],
  tex: ["latex"],
  "visual-basic": ["vb"],
};
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(OTHER_NAMES).flatMap(([name, others]) => others.map(other => [other, name] as const)),
);

/** The name of a language as The Stack's folders have it; equal for all its names, also VS Code's. */
export function languageName(given: string): string {
  const name = given.trim().toLowerCase().replaceAll(" ", "-");
  return NAMES.get(name) ?? name;
}
