/**
 * The definitions of a file without their bodies: what a reader looks up to use them. Functions have their
 * signature and their docstring's first line, classes their fields and their methods' signatures. The same text
 * always gives the same outline. Pure.
 */
import type { Node } from "web-tree-sitter";

export interface Definition {
  readonly name: string;
  /** Its first line in the file. */
  readonly line: string;
  readonly outline: string;
}

/** Longer outlines are cut at the end of a line. */
const OUTLINE_CHARACTERS = 1_200;
const SIGNATURE_CHARACTERS = 300;
/** Values that are longer tell little more. */
const VALUE_CHARACTERS = 100;
const FIELDS = 24;
const METHODS = 32;
const INDENT = "    ";
/** Statements whose blocks belong to the module as well. */
const TRANSPARENT =
  /^(if_statement|try_statement|else_clause|elif_clause|except_clause|with_statement|block)$/;
/** Decorators that say how a method is called. */
const CALLED_BY =
  /^@(property|staticmethod|classmethod|cached_property|functools\.cached_property|\w+\.setter)$/;

/** The definitions at the top of a parsed file; of those with the same name the first. */
export function definitionsOf(root: Node): Definition[] {
  const found = new Map<string, Definition>();
  for (const statement of statements(root)) {
    const definition = definitionOf(statement);
    if (definition && !found.has(definition.name)) found.set(definition.name, definition);
  }
  return [...found.values()];
}

function* statements(block: Node): Generator<Node> {
  for (const node of block.namedChildren)
    if (TRANSPARENT.test(node.type)) yield* statements(node);
    else yield node;
}

function definitionOf(statement: Node): Definition | undefined {
  const node = statement.childForFieldName("definition") ?? statement;
  const name = node.childForFieldName("name")?.text;
  const [line = ""] = node.text.split("\n", 1);
  if (node.type === "function_definition" && name) return { name, line, outline: functionOutline(node) };
  if (node.type === "class_definition" && name)
    return { name, line, outline: cut(classOutline(node, decorators(statement))) };
  const value = assignment(node);
  return value && { ...value, line };
}

function functionOutline(node: Node): string {
  const said = docstring(node);
  return said ? `${signature(node)}\n${INDENT}"""${said}"""` : `${signature(node)} ...`;
}

function classOutline(node: Node, before: readonly string[]): string {
  const said = docstring(node);
  const fields: string[] = [];
  const methods: string[] = [];
  for (const statement of node.childForFieldName("body")?.namedChildren ?? []) {
    const member = statement.childForFieldName("definition") ?? statement;
    const field = assignment(member);
    if (field && fields.length < FIELDS) fields.push(field.outline);
    if (member.type === "class_definition") fields.push(`${signature(member)} ...`);
    if (member.type !== "function_definition" || methods.length >= METHODS) continue;
    if (!isPublic(member.childForFieldName("name")?.text ?? "")) continue;
    methods.push(...decorators(statement).filter(each => CALLED_BY.test(each)), ...method(member));
  }
  const body = [...(said ? [`"""${said}"""`] : []), ...fields, ...methods];
  const head = [...before, signature(node)].join("\n");
  return body.length > 0 ? [head, ...body.map(line => INDENT + line)].join("\n") : `${head} ...`;
}

const isPublic = (name: string) => !name.startsWith("_") || /^__\w+__$/.test(name);

/** A method's lines; of a constructor also the fields it sets. */
function method(node: Node): string[] {
  if (node.childForFieldName("name")?.text !== "__init__") return [`${signature(node)} ...`];
  const set = new Map<string, string>();
  for (const statement of statements(node.childForFieldName("body") ?? node)) {
    const field = assignment(statement);
    if (field?.name.startsWith("self.") && !field.name.startsWith("self._") && !set.has(field.name))
      set.set(field.name, INDENT + field.outline);
  }
  const lines = [...set.values()].slice(0, FIELDS);
  return lines.length > 0 ? [signature(node), ...lines] : [`${signature(node)} ...`];
}

const decorators = (statement: Node) =>
  statement.namedChildren.filter(({ type }) => type === "decorator").map(({ text }) => oneLine(text));

/** All before the body, in one line. */
function signature(node: Node): string {
  const body = node.childForFieldName("body");
  const whole = body ? node.text.slice(0, body.startIndex - node.startIndex) : node.text;
  const line = oneLine(whole.replace(/(^|\s)#.*$/gm, ""));
  return line.length > SIGNATURE_CHARACTERS ? `${line.slice(0, SIGNATURE_CHARACTERS)}...` : line;
}

const oneLine = (text: string) =>
  text
    .replace(/\s*\n\s*/g, " ")
    .replace(/([([{]) /g, "$1")
    .replace(/,? ([)\]}])/g, "$1")
    .trim();

/** A named value; one that is long or spans lines has its value left out. */
function assignment(statement: Node): Omit<Definition, "line"> | undefined {
  const node = statement.type === "expression_statement" ? statement.namedChildren[0] : undefined;
  const left = node?.childForFieldName("left");
  if (node?.type !== "assignment" || !left || !/^[\w.]+$/.test(left.text)) return undefined;
  const { text } = node;
  const isShort = text.length <= VALUE_CHARACTERS && !text.includes("\n");
  const type = node.childForFieldName("type")?.text;
  const head = type ? `${left.text}: ${oneLine(type)}` : left.text;
  return { name: left.text, outline: isShort ? text : `${head} = ...` };
}

/** The first line of what a definition says of itself. */
function docstring(node: Node): string | undefined {
  const first = node.childForFieldName("body")?.namedChildren.find(({ type }) => type !== "comment");
  const string = first?.type === "expression_statement" ? first.namedChildren[0] : first;
  if (string?.type !== "string") return undefined;
  const content = string.namedChildren.find(({ type }) => type === "string_content")?.text.trim() ?? "";
  const [line = ""] = content.split("\n", 1);
  return line.trim().slice(0, VALUE_CHARACTERS) || undefined;
}

function cut(outline: string): string {
  if (outline.length <= OUTLINE_CHARACTERS) return outline;
  const end = outline.lastIndexOf("\n", OUTLINE_CHARACTERS);
  return `${outline.slice(0, end < 0 ? OUTLINE_CHARACTERS : end)}\n${INDENT}...`;
}
