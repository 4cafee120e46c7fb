/**
 * Outlines of JavaScript and TypeScript in the form of declarations: functions and methods show their signature,
 * classes their public members; types are unchanged.
 */
import type { Node } from "web-tree-sitter";
import {
  cutOutline,
  type Definition,
  FIELDS,
  firstOfEachName,
  isShort,
  METHODS,
  oneLine,
  signatureLine,
  VALUE_CHARACTERS,
} from "./outline.ts";

const INDENT = "  ";
const COMMENT = "//";
const FUNCTION = /^(generator_)?function_(declaration|signature)$/;
const CLASS = /^(abstract_)?class_declaration$/;
const TYPE = /^(interface|type_alias|enum)_declaration$/;
const VARIABLES = /^(lexical|variable)_declaration$/;
const METHOD = /^(method_definition|method_signature|abstract_method_signature)$/;
const FIELD = /^(public_)?field_definition$/;

/** The top-level definitions of a parsed file; the default export is named `default`. */
export function scriptDefinitions(root: Node): Definition[] {
  const statements = root.namedChildren;
  const found = statements.flatMap((statement, i) => definitionsIn(statement, statements[i - 1]));
  const exported = statements.find(isDefault)?.childForFieldName("value")?.text;
  const named = found.find(({ name }) => name === exported);
  return firstOfEachName(named ? [...found, { ...named, name: "default" }] : found);
}

const isDefault = (statement: Node) =>
  statement.type === "export_statement" && statement.children.some(({ type }) => type === "default");

/** @param above the node before the statement */
function definitionsIn(statement: Node, above: Node | undefined): Definition[] {
  const node = withoutDeclare(statement.childForFieldName("declaration") ?? statement);
  const outlines = VARIABLES.test(node.type) ? variables(node) : [declaration(node)];
  const [line = ""] = statement.text.split("\n", 1);
  const before = statement.text.slice(0, node.startIndex - statement.startIndex);
  const summary = comment(above);
  return outlines.flatMap(each => {
    if (!each) return [];
    const outline = cutOutline(`${summary}${before}${each.outline}`, `${INDENT}...`);
    return [{ name: isDefault(statement) ? "default" : each.name, line, outline }];
  });
}

/** What is declared after `declare`, as in files of declarations. */
const withoutDeclare = (node: Node): Node =>
  (node.type === "ambient_declaration" ? node.namedChildren.find(({ type }) => type !== "comment") : node) ??
  node;

type Outline = Pick<Definition, "name" | "outline">;

function declaration(node: Node): Outline | undefined {
  const name = node.childForFieldName("name")?.text;
  if (name === undefined) return undefined;
  if (FUNCTION.test(node.type)) return { name, outline: `${signature(node)};` };
  if (CLASS.test(node.type)) return { name, outline: classOutline(node) };
  return TYPE.test(node.type) ? { name, outline: node.text } : undefined;
}

/** Constants; for a function only its signature; a long value is left out. */
function variables(node: Node): (Outline | undefined)[] {
  const kind = node.children[0]?.text ?? "const";
  return node.namedChildren.map(each => {
    const name = each.childForFieldName("name");
    const value = each.childForFieldName("value");
    if (each.type !== "variable_declarator" || name?.type !== "identifier") return undefined;
    if (value?.childForFieldName("body")) {
      const head = each.text.slice(0, value.startIndex - each.startIndex);
      return { name: name.text, outline: `${kind} ${head}${signature(value)} ...;` };
    }
    const type = oneLine(each.childForFieldName("type")?.text ?? "");
    return {
      name: name.text,
      outline: `${kind} ${isShort(each.text) ? each.text : `${name.text}${type} = ...`};`,
    };
  });
}

function classOutline(node: Node): string {
  const members = (node.childForFieldName("body")?.namedChildren ?? []).filter(isPublic);
  const fields = members.filter(({ type }) => FIELD.test(type)).map(field);
  const methods = members.filter(({ type }) => METHOD.test(type)).map(each => `${signature(each)};`);
  const lines = [...fields.slice(0, FIELDS), ...methods.slice(0, METHODS)];
  if (lines.length === 0) return `${signature(node)} {}`;
  return [`${signature(node)} {`, ...lines.map(line => INDENT + line), "}"].join("\n");
}

/** Decorators and other modifiers may stand before the one that hides a member. */
const isPublic = (member: Node) =>
  !member.namedChildren.some(each =>
    each.type === "accessibility_modifier"
      ? each.text !== "public"
      : each.type === "private_property_identifier",
  );

function field(node: Node): string {
  const value = node.childForFieldName("value");
  const shown =
    isShort(node.text) || !value ? node.text : node.text.slice(0, value.startIndex - node.startIndex);
  const line = oneLine(shown);
  return `${line.endsWith("=") ? line.slice(0, -1).trimEnd() : line};`;
}

/** Everything before the body, in one line. */
const signature = (node: Node) => signatureLine(node, COMMENT).replace(/;$/, "");

/** The first line of a comment above a statement, as a separate comment. */
function comment(above: Node | undefined): string {
  if (above?.type !== "comment" || !above.text.startsWith("/**")) return "";
  const lines = above.text.slice(3, -2).split("\n");
  const first = lines.map(line => line.replace(/^\s*\*?\s*/, "").trimEnd()).find(line => line !== "");
  return first ? `/** ${first.slice(0, VALUE_CHARACTERS)} */\n` : "";
}
