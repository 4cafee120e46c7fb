export { Edit, type Node, type Parser, Query, type Tree } from "web-tree-sitter";
export { regionAt, withoutEmbedded } from "./embedded.ts";
export { languageOfFile } from "./fileLanguages.ts";
export { Grammars } from "./grammars.ts";
export type { Import } from "./imports.ts";
export { type LanguageRules, languageRules } from "./languages.ts";
export type { Lexicon, StringRule } from "./lexicon.ts";
export { importStatements, type ModuleLanguage, moduleLanguage } from "./moduleLanguages.ts";
export type { Definition } from "./outline.ts";
