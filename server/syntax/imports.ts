/** What a text imports, by its syntax. Pure. */
import type { Node } from "web-tree-sitter";

/** One name that a text takes from a module. */
export interface Import {
  /** As it is written: `a.b`, `..a` or `./a`. */
  readonly module: string;
  /** The name there; `*` for all names, undefined for the module itself. */
  readonly name: string | undefined;
  /** What it is called here; `*` for all names. */
  readonly local: string;
}

/**
 * Statements that import, found by their first word: so that a parser need not read the whole text. What begins like one
 * and is none is given up where another may begin, or at what none holds, so that the time is that of reading it once.
 */
export const PYTHON_IMPORT = new RegExp(
  [
    // A list in parentheses, which may hold comments.
    String.raw`^[ \t]*from[ \t](?:\\\r?\n|[^\n(#\\])*\bimport(?:[ \t]|\\\r?\n)*\((?:[^()#'"=:;[\]{}]|#[^\n]*\n)*\)`,
    String.raw`^[ \t]*(?:from[ \t](?![^\n#]*\()|import[ \t])(?:\\\r?\n|[^\n])*`,
  ].join("|"),
  "gm",
);
/** The end of a line, where the next is not another statement's. */
const NEXT_LINE = String.raw`\n(?![ \t]*(?:import|export)\b)`;
const BLOCK_COMMENT = String.raw`\/\*(?:[^*\n]|\*(?!\/)|${NEXT_LINE})*\*\/`;
const LINE_COMMENT = String.raw`\/\/[^\n]*(?=\n)`;
export const SCRIPT_IMPORT = new RegExp(
  String.raw`^[ \t]*(?:import|export)\b(?:[^;'"()=/\n]|${NEXT_LINE}|${LINE_COMMENT}|${BLOCK_COMMENT})*?\bfrom[ \t]*["'][^"'\n]*["']`,
  "gm",
);

/** The imports of parsed Python, in its order. */
export function pythonImports(root: Node): Import[] {
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
  return node.childrenForFieldName("name").map(each => named(each, module));
}

function named(node: Node, module: string): Import {
  const name = node.childForFieldName("name")?.text ?? node.text;
  return { module, name, local: node.childForFieldName("alias")?.text ?? name };
}

/** The imports of parsed JavaScript or TypeScript, with what is exported from another module. */
export function scriptImports(root: Node): Import[] {
  return root.namedChildren.flatMap(node => {
    const module = node.childForFieldName("source")?.text.slice(1, -1);
    if (module === undefined) return [];
    const clauses = node.namedChildren.filter(({ type }) => /_clause$|^namespace_export$/.test(type));
    if (node.type === "export_statement" && clauses.length === 0) return [{ module, name: "*", local: "*" }];
    return clauses.flatMap(clause =>
      clause.type === "namespace_export" ? [wholeModule(clause, module)] : clauseImports(clause, module),
    );
  });
}

function clauseImports(clause: Node, module: string): Import[] {
  return clause.namedChildren.flatMap(node => {
    switch (node.type) {
      case "identifier":
        return [{ module, name: "default", local: node.text }];
      case "namespace_import":
        return [wholeModule(node, module)];
      case "named_imports":
        return clauseImports(node, module);
      case "import_specifier":
      case "export_specifier":
        return [named(node, module)];
      default:
        return [];
    }
  });
}

const wholeModule = (node: Node, module: string): Import => ({
  module,
  name: undefined,
  local: node.namedChildren[0]?.text ?? "",
});
