/** Parses a text and reads its tree. */
import assert from "node:assert/strict";
import type { Node } from "web-tree-sitter";
import { grammars } from "../../../fakes/places.ts";

await Promise.all(["python", "typescript", "javascript"].map(id => grammars.load(id)));

export function read<T>(text: string, languageId: string, how: (root: Node) => T): T {
  const tree = grammars.parser(languageId)?.parse(text);
  assert.ok(tree);
  try {
    return how(tree.rootNode);
  } finally {
    tree.delete();
  }
}
