/** What a text imports, told from its syntax. Pure. */
import type { Node } from "web-tree-sitter";

/** One name that a text takes from a module. */
export interface Import {
  /** As it is written: `a.b`, `..a` or `./a`. */
  readonly module: string;
  /** The name there; `*` for all names, undefined for the module itself. */
  readonly name: string | undefined;
  /** What it is called here. */
  readonly local: string;
}

/** Statements that import, found by their first word: so that a parser need not read the whole text. */
const STATEMENTS: Readonly<Record<string, RegExp>> = {
  python: /^[ \t]*(?:from[ \t][^\n(]*?\bimport[ \t]*\([^)]*\)|(?:from|import)[ \t](?:\\\r?\n|[^\n])*)/gm,
};

/** The text's import statements as a text of their own, "" for none and for a language that is not known. */
export function importStatements(text: string, languageId: string): string {
  const statement = STATEMENTS[languageId];
  const found = statement ? (text.match(statement) ?? []) : [];
  return found.map(each => each.trim()).join("\n");
}

/** The imports of a parsed text, in its order. */
export function importsOf(root: Node): Import[] {
  return root.namedChildren.flatMap(node => {
    if (node.type === "import_statement") return node.childrenForFieldName("name").map(moduleImport);
    if (node.type === "import_from_statement") return namesFrom(node);
    return [];
  });
}

/** `import a.b` makes `a` known, `import a.b as c` makes `c`. */
function moduleImport(node: Node): Import {
  const module = node.childForFieldName("name")?.text ?? node.text;
  const local = node.childForFieldName("alias")?.text ?? module.replace(/\..*$/s, "");
  return { module, name: undefined, local };
}

function namesFrom(node: Node): Import[] {
  const module = node.childForFieldName("module_name")?.text.replace(/\s/g, "") ?? "";
  if (node.namedChildren.some(({ type }) => type === "wildcard_import"))
    return [{ module, name: "*", local: "*" }];
  return node.childrenForFieldName("name").map(each => {
    const name = each.childForFieldName("name")?.text ?? each.text;
    return { module, name, local: each.childForFieldName("alias")?.text ?? name };
  });
}
