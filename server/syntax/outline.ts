/**
 * The outline of a definition: what a reader needs to use it, without its body. The same text always gives the
 * same outline.
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
/** Longer signatures are cut. */
const SIGNATURE_CHARACTERS = 300;
/** Longer values are left out, longer first lines of comments are cut. */
export const VALUE_CHARACTERS = 100;
/** Most members of a class that are shown. */
export const FIELDS = 24;
export const METHODS = 32;

/** Joins code of several lines into one line. */
export const oneLine = (text: string) =>
  text
    .split("\n")
    .map(line => line.trim())
    .filter(line => line !== "")
    .join(" ")
    .replace(/([([{]) /g, "$1")
    .replace(/,? ([)\]}])/g, "$1")
    .trim();

/** Whether code is short enough to be shown unchanged. */
export const isShort = (text: string) => text.length <= VALUE_CHARACTERS && !text.includes("\n");

/** Everything before a definition's body, in one line. @param comment the start of a line comment */
export function signatureLine(node: Node, comment: string): string {
  const body = node.childForFieldName("body");
  const end = body?.startIndex ?? node.endIndex;
  const { text } = node;
  let [head, at] = ["", 0];
  for (const each of node.descendantsOfType("comment", node.startPosition, body?.startPosition)) {
    if (each.startIndex >= end || !each.text.startsWith(comment)) continue;
    head += text.slice(at, each.startIndex - node.startIndex);
    at = each.endIndex - node.startIndex;
  }
  const line = oneLine(head + text.slice(at, end - node.startIndex));
  return line.length > SIGNATURE_CHARACTERS ? `${line.slice(0, SIGNATURE_CHARACTERS)}...` : line;
}

/** @param more the line that replaces what is left out */
export function cutOutline(outline: string, more: string): string {
  if (outline.length <= OUTLINE_CHARACTERS) return outline;
  const end = outline.lastIndexOf("\n", OUTLINE_CHARACTERS);
  return `${outline.slice(0, end < 0 ? OUTLINE_CHARACTERS : end)}\n${more}`;
}

/** The first of all definitions with the same name. */
export function firstOfEachName(definitions: Iterable<Definition>): Definition[] {
  const found = new Map<string, Definition>();
  for (const definition of definitions)
    if (!found.has(definition.name)) found.set(definition.name, definition);
  return [...found.values()];
}
