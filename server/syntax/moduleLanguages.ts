/** The languages whose imports, modules and definitions can be found. Ids are those of LSP. */
import type { Node } from "web-tree-sitter";
import { type Import, PYTHON_IMPORT, pythonImports, SCRIPT_IMPORT, scriptImports } from "./imports.ts";
import { type Exists, pythonModule, scriptModule, submodule } from "./modules.ts";
import type { Definition } from "./outline.ts";
import { pythonDefinitions } from "./pythonOutline.ts";
import { scriptDefinitions } from "./scriptOutline.ts";

export interface ModuleLanguage {
  /** Matches import statements. */
  readonly statement: RegExp;
  imports(root: Node): Import[];
  definitions(root: Node): Definition[];
  /** The file of a module that is named in the file `from`; undefined for a module outside the workspace. */
  find(module: string, from: string, exists: Exists): string | undefined;
  /** The name of a module within a module; undefined if the language has none. */
  within(module: string, name: string): string | undefined;
}

const SCRIPT: ModuleLanguage = {
  statement: SCRIPT_IMPORT,
  imports: scriptImports,
  definitions: scriptDefinitions,
  find: scriptModule,
  within: () => undefined,
};

const MODULE_LANGUAGES: Readonly<Record<string, ModuleLanguage>> = {
  python: {
    statement: PYTHON_IMPORT,
    imports: pythonImports,
    definitions: pythonDefinitions,
    find: pythonModule,
    within: submodule,
  },
  javascript: SCRIPT,
  javascriptreact: SCRIPT,
  typescript: SCRIPT,
  typescriptreact: SCRIPT,
};

export const moduleLanguage = (languageId: string): ModuleLanguage | undefined =>
  Object.hasOwn(MODULE_LANGUAGES, languageId) ? MODULE_LANGUAGES[languageId] : undefined;

/** The text's import statements as a separate text; "" if there are none or the language is unknown. */
export function importStatements(text: string, languageId: string): string {
  const statement = moduleLanguage(languageId)?.statement;
  const found = statement ? (text.match(statement) ?? []) : [];
  // A line of prose that begins with `from` would spoil the import after it for the parser.
  const imports = found.filter(each => /\b(?:import|export)\b/.test(each));
  return imports.map(each => each.trim()).join("\n");
}
