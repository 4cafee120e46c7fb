/** The imports of a text, by its syntax. Pure. */
import type { Node } from "web-tree-sitter";

/** One name that a text imports from a module. */
export interface Import {
  /** As it is written: `a.b`, `..a` or `./a`. */
  readonly module: string;
  /** The name in that module; `*` for all names, undefined for the module itself. */
  readonly name: string | undefined;
  /** The name in the importing text; `*` for all names. */
  readonly local: string;
}

/**
 * Import statements, found by their first word, so that a parser need not read the whole text. A match that is not an import
 * ends at the next possible start or at a character that no import contains, so the time stays linear.
 */
export const PYTHON_IMPORT = new RegExp(
  [
    // A list in parentheses, which may hold comments.
    String.raw`^[ \t]*from[ \t](?:\\\r?\n|[^\n(#\\])*\bimport(?:[ \t]|\\\r?\n)*\((?:[^()#'"=:;[\]{}]|#[^\n]*\n)*\)`,
    String.raw`^[ \t]*(?:from[ \t](?![^\n#]*\()|import[ \t])(?:\\\r?\n|[^\n])*`,
  ].join("|"),
  "gm",
);
/** The end of a line, if the next line does not start another statement. */
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

/** The imports of parsed JavaScript or TypeScript, including what is re-exported from other modules. */
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
