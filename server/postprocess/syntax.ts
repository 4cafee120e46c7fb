/**
 * What a parser knows about the place of a completion: whether a block or one statement is wanted there, and whether
 * the statement is complete after so many lines. The text before the cursor is parsed together with the generated
 * text and closers for the brackets open at the cursor: a complete statement then parses without an error, and an
 * incomplete one has an error at its end.
 */

import type { LanguageRules } from "../syntax/index.ts";
import { Edit, type Node, type Parser, type Tree } from "../syntax/index.ts";
import { indentation } from "./indentation.ts";
import type { State } from "./scanner.ts";

/** What is to be generated at a place. */
type Wanted = "statement" | "block";

/**
 * `leading`: only comments, decorators and the like before a statement. `open`: the statement is incomplete.
 * `mayContinue`: it is complete, but a clause or a deeper line may still belong to it.
 */
type Progress = "leading" | "open" | "mayContinue" | "complete";

interface SyntaxContext {
  /** The document's text before the cursor, from the start of a line on. */
  readonly before: string;
  readonly linePrefix: string;
  readonly nextLine: string;
  /** What is open at the cursor. */
  readonly start: State;
}

/** Statements that nothing can follow in their block. */
const JUMP = /^(return|raise|break|continue|throw|goto)(_statement|_expression)$/;
/** Python's nodes in which a colon opens a block. */
const HEADED = /(_statement|_definition|_clause)$/;
const COMMENT = /comment/;
const LEADING = /comment|^attribute_item$|^decorator$|annotation$/;
const BLOCK = /^block$|_block$|_body$|^(field_)?declaration_list$|^statement_list$|^compound_statement$/;

interface Parsed {
  /** What was generated, up to the end of a line. */
  readonly generated: string;
  readonly source: string;
  readonly tree: Tree;
}

/** Owns the syntax trees of one completion; whoever makes it disposes it. */
export class Syntax {
  readonly wanted: Wanted;
  private last: Parsed;
  private readonly known = new Map<string, Progress>();

  constructor(
    private readonly parser: Parser,
    private readonly rules: LanguageRules,
    private readonly place: SyntaxContext,
  ) {
    const source = this.source("", 0);
    this.last = { generated: "", source, tree: this.parse(source) };
    this.wanted = this.findWanted(this.last.tree.rootNode);
  }

  /**
   * How far the statement is after `generated`, which ends at a line's end, the line feed left out.
   * @param consumed how much of what is open at the cursor `generated` closes
   */
  after(generated: string, consumed: number): Progress {
    const known = this.known.get(generated);
    if (known) return known;
    const progress = this.judge(generated, this.reparse(generated, consumed));
    this.known.set(generated, progress);
    return progress;
  }

  /** Whether `generated` ends with a statement that leaves the block of the cursor. */
  endsWithJump(generated: string, consumed: number): boolean {
    const { before } = this.place;
    const text = before + generated;
    const end = text.trimEnd().length;
    if (end === 0) return false;
    const block = blockOfJump(lastLeaf(this.reparse(generated, consumed), text, end), end);
    return block !== undefined && block.startIndex < before.length;
  }

  dispose(): void {
    this.last.tree.delete();
  }

  private source(generated: string, consumed: number): string {
    let frame = this.place.start;
    for (let i = 0; frame && i < consumed; i++) frame = frame.parent;
    let source = this.place.before + generated;
    for (; frame; frame = frame.parent) source += frame.kind === "string" ? frame.close : `\n${frame.close}`;
    return `${source}\n`;
  }

  private parse(source: string, old?: Tree): Tree {
    const tree = this.parser.parse(source, old);
    if (!tree) throw new Error("the parser has no language");
    return tree;
  }

  /** Parses what has changed since the last time. */
  private reparse(generated: string, consumed: number): Node {
    const { source: old, tree } = this.last;
    const source = this.source(generated, consumed);
    const start = this.place.before.length + commonLength(generated, this.last.generated);
    const edit = new Edit({
      startIndex: start,
      oldEndIndex: old.length,
      newEndIndex: source.length,
      startPosition: pointAt(old, start),
      oldEndPosition: pointAt(old, old.length),
      newEndPosition: pointAt(source, source.length),
    });
    tree.edit(edit);
    const next = this.parse(source, tree);
    tree.delete();
    this.last = { generated, source, tree: next };
    return next.rootNode;
  }

  private judge(generated: string, root: Node): Progress {
    const { before, linePrefix } = this.place;
    const text = before + generated;
    const end = text.trimEnd().length;
    const lineContent = before.length - linePrefix.trimStart().length;
    const begun = linePrefix.trim() !== "" && text[lineContent] !== "@";
    const start = begun ? lineContent : statementStart(root, text, lineContent);
    if (start >= end) return "leading";
    const lineStart = text.lastIndexOf("\n", end - 1) + 1;
    if (hasError(root, Math.max(lineStart, start))) return "open";
    const last = lastLeaf(root, text, end);
    if (this.isHeader(last)) return this.bodyFollows(text.slice(lineStart)) ? "complete" : "open";
    if (this.rules.indented) return hasBlock(root, start, end) ? "mayContinue" : "complete";
    if (text[end - 1] === ";") return "complete";
    return this.rules.chained || text[end - 1] === "}" ? "mayContinue" : "complete";
  }

  private findWanted(root: Node): Wanted {
    const { before, linePrefix, nextLine, start } = this.place;
    const end = before.trimEnd().length;
    const last = end > 0 ? lastLeaf(root, before, end) : undefined;
    const onBlankLine = linePrefix.trim() === "";
    const inBlock = this.rules.indented ? start === undefined : start?.close === "}";
    if (!last || !inBlock) return "statement";
    const above = before.trimEnd();
    if (this.isHeader(last))
      return this.bodyFollows(above.slice(above.lastIndexOf("\n") + 1)) ? "statement" : "block";
    const base = indentation(linePrefix);
    if (!onBlankLine || base === 0) return "statement";
    const blockGoesOn = nextLine !== "" && indentation(nextLine) >= base;
    return blockGoesOn || isFinal(last, end) ? "statement" : "block";
  }

  /** Whether a block begins after this token. */
  private isHeader(last: Node): boolean {
    if (!this.rules.indented) return last.type === "{";
    return last.type === ":" && HEADED.test(last.parent?.type ?? "");
  }

  /** Whether the document already has the block that `header` begins. */
  private bodyFollows(header: string): boolean {
    const { nextLine } = this.place;
    return nextLine !== "" && indentation(nextLine) > indentation(header);
  }
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function pointAt(text: string, index: number): { row: number; column: number } {
  let row = 0;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) {
    row++;
    lineStart = at + 1;
  }
  return { row, column: index - lineStart };
}

/** The last token that ends at or before `end` in `text` and is no comment. */
function lastLeaf(root: Node, text: string, end: number): Node {
  let leaf = root.descendantForIndex(end - 1, end - 1) ?? root;
  while (COMMENT.test(leaf.type) && leaf.startIndex > 0) {
    const before = text.slice(0, leaf.startIndex).trimEnd().length;
    if (before === 0) break;
    leaf = root.descendantForIndex(before - 1, before - 1) ?? root;
  }
  return leaf;
}

/** Where the first statement in `text` from `from` on begins, after comments and decorators; its end if there is none. */
function statementStart(root: Node, text: string, from: number): number {
  for (let at = from; at < text.length; ) {
    const rest = text.slice(at);
    const start = at + rest.length - rest.trimStart().length;
    const newline = text.indexOf("\n", start);
    const lineEnd = newline < 0 ? text.length : newline;
    const type = outermostAt(root, start).type;
    if (!LEADING.test(type) && text[start] !== "@") return start;
    at = COMMENT.test(type) ? Math.max(lineEnd, outermostAt(root, start).endIndex) : lineEnd;
  }
  return text.length;
}

/** The largest node that begins at `start`. */
function outermostAt(root: Node, start: number): Node {
  let node = root.descendantForIndex(start, start) ?? root;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { parent } = node;
    if (parent?.startIndex !== start || BLOCK.test(parent.type) || !parent.parent) break;
    node = parent;
  }
  return node;
}

/** Whether something is wrong or missing at or after `from`. */
function hasError(root: Node, from: number): boolean {
  return anyOf(root, node => {
    if (node.endIndex < from || !node.hasError) return node.isMissing && node.endIndex >= from;
    return node.isError || node.isMissing ? true : "within";
  });
}

/** Whether a node is one that is looked for. A tree may be thousands of nodes deep, more than calls can be. */
function anyOf(root: Node, look: (node: Node) => boolean | "within"): boolean {
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    const found = look(node);
    if (found === true) return true;
    if (found === "within") for (const child of node.children) if (child) pending.push(child);
  }
  return false;
}

/** Whether a block of Python lies between `start` and `end`. */
function hasBlock(root: Node, start: number, end: number): boolean {
  return anyOf(root, node => {
    if (node.endIndex <= start || node.startIndex >= end) return false;
    return node.startIndex >= start && node.type === "block" ? true : "within";
  });
}

/** Deeper than any statement is; the cost of a step outwards grows with the depth of the node. */
const MOST_STEPS = 200;

/** A node and those it is part of, up to its block, from the inside out. */
function* withinBlock(node: Node): Generator<Node> {
  let at: Node | null = node;
  for (let step = 0; step < MOST_STEPS && at && !BLOCK.test(at.type); step++) {
    yield at;
    at = at.parent;
  }
}

/** The statement that leaves its block and ends with `last`, before `end`: one around an open bracket goes on after it. */
function jumpOf(last: Node, end: number): Node | undefined {
  for (const node of withinBlock(last))
    if (JUMP.test(node.type)) return node.endIndex > end ? undefined : node;
  return undefined;
}

/** Whether nothing can follow the statement that ends with `last`, before `end`, in its block. */
function isFinal(last: Node, end: number): boolean {
  if (jumpOf(last, end)) return true;
  for (const node of withinBlock(last)) if (node.type === "pass_statement") return true;
  return false;
}

/** The block or statement that a jump is part of, where one ends with `last`, before `end`. */
function blockOfJump(last: Node, end: number): Node | undefined {
  const jump = jumpOf(last, end);
  const outer = jump?.parent?.type === "expression_statement" ? jump.parent.parent : jump?.parent;
  return outer ?? undefined;
}
