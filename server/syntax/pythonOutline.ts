/**
 * Outlines of Python: functions show their signature and their docstring's first line, classes their fields and
 * their methods' signatures.
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

const INDENT = "    ";
const COMMENT = "#";
const QUOTES = ['"""', "'''"];
/** Statements whose blocks also define names of the module. */
const TRANSPARENT =
  /^((if|try|with|for|while|match)_statement|(else|elif|except|except_group|finally|case)_clause|block)$/;
/** Decorators that change how a method is called. */
const CALLED_BY =
  /^@(property|staticmethod|classmethod|cached_property|functools\.cached_property|\w+\.setter)$/;

/** The top-level definitions of a parsed file. */
export function pythonDefinitions(root: Node): Definition[] {
  return firstOfEachName([...statements(root)].flatMap(statement => definitionOf(statement) ?? []));
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
    return { name, line, outline: cutOutline(classOutline(node, decorators(statement)), `${INDENT}...`) };
  const value = typeAlias(node) ?? assignment(node);
  return value && { ...value, line };
}

function functionOutline(node: Node): string {
  const summary = docstring(node);
  return summary ? `${signature(node)}\n${INDENT}${summary}` : `${signature(node)} ...`;
}

function classOutline(node: Node, before: readonly string[]): string {
  const summary = docstring(node);
  const fields: string[] = [];
  const methods: string[][] = [];
  for (const statement of node.childForFieldName("body")?.namedChildren ?? []) {
    const member = statement.childForFieldName("definition") ?? statement;
    const field = assignment(member);
    if (field && fields.length < FIELDS) fields.push(field.outline);
    if (member.type === "class_definition") fields.push(`${signature(member)} ...`);
    if (member.type !== "function_definition" || methods.length >= METHODS) continue;
    if (!isPublic(member.childForFieldName("name")?.text ?? "")) continue;
    methods.push([...decorators(statement).filter(each => CALLED_BY.test(each)), ...method(member)]);
  }
  const body = [...(summary ? [summary] : []), ...fields, ...methods.flat()];
  const head = [...before, signature(node)].join("\n");
  return body.length > 0 ? [head, ...body.map(line => INDENT + line)].join("\n") : `${head} ...`;
}

const isPublic = (name: string) => !name.startsWith("_") || /^__\w+__$/.test(name);

/** A method's lines; for a constructor also the fields it sets. */
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

/** Everything before the body, in one line. */
const signature = (node: Node) => signatureLine(node, COMMENT);

/** A named value; a value that is long or spans lines is left out. */
function assignment(statement: Node): Omit<Definition, "line"> | undefined {
  const node = statement.type === "expression_statement" ? statement.namedChildren[0] : undefined;
  const left = node?.childForFieldName("left");
  if (node?.type !== "assignment" || !left || !/^[\w.]+$/.test(left.text)) return undefined;
  const { text } = node;
  const type = node.childForFieldName("type")?.text;
  const head = type ? `${left.text}: ${oneLine(type)}` : left.text;
  return { name: left.text, outline: isShort(text) ? text : `${head} = ...` };
}

/** A type that a `type` statement names. */
function typeAlias(node: Node): Omit<Definition, "line"> | undefined {
  const left = node.type === "type_alias_statement" ? node.childForFieldName("left")?.text : undefined;
  const [name = ""] = /^\w+/.exec(left ?? "") ?? [];
  if (left === undefined || name === "") return undefined;
  return { name, outline: isShort(node.text) ? node.text : `type ${oneLine(left)} = ...` };
}

/** The first line of a definition's docstring, in quotes; undefined for strings that Python does not take for one. */
function docstring(node: Node): string | undefined {
  const first = node.childForFieldName("body")?.namedChildren.find(({ type }) => type !== "comment");
  const string = first?.type === "expression_statement" ? first.namedChildren[0] : first;
  if (string?.type !== "string" || !/^[ru]?["']/i.test(string.text)) return undefined;
  const content = string.namedChildren.find(({ type }) => type === "string_content")?.text.trim() ?? "";
  const [line = ""] = content.split("\n", 1);
  const shown = line
    .trim()
    .slice(0, VALUE_CHARACTERS)
    .replace(/[\s\\]+$/, "");
  const quotes = QUOTES.find(each => !shown.includes(each) && !shown.endsWith(each.slice(-1)));
  return shown && quotes && quotes + shown + quotes;
}
