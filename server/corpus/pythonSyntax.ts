/** Reads texts as Python 3 for the filters of a build. */

import type { SyntaxFigures, SyntaxReader } from "../../datastores/filters/index.ts";
import { Grammars, type Node, type Parser, Query } from "../syntax/index.ts";
import { grammarsDirectory } from "../system/index.ts";

/**
 * Syntax of Python 2 that the grammar accepts and Python 3 refuses. `print >>f, x` is an expression in Python 3; an
 * `except A, b:` is one with two classes from 3.14 on, whose names are capitals nearly always.
 */
const PYTHON_2 = `
(print_statement . argument: (_)) @old
(exec_statement) @old
(comparison_operator "<>") @old
(parameters (tuple_pattern)) @old
(lambda_parameters (tuple_pattern)) @old
(raise_statement (expression_list)) @old
((except_clause value: (_) . "," . value: (identifier) @name) (#match? @name "^[a-z_]"))
((integer) @old (#match? @old "^0[0-9]*[1-9]|[lL]$"))
((string_start) @old (#match? @old "^([uU][rR]|\`)"))`;

/** Loads the grammar of Python; rejects if it is not available. */
export async function loadPythonSyntax(): Promise<SyntaxReader> {
  let problem = "";
  const grammars = new Grammars(grammarsDirectory(), message => {
    problem = message;
  });
  await grammars.load("python");
  const parser = grammars.parser("python");
  if (!parser?.language) throw new Error(`The Foretoken package is incomplete: reinstall it. ${problem}`);
  const python2 = new Query(parser.language, PYTHON_2);
  return text => figures(parser, python2, text);
}

function figures(parser: Parser, python2: Query, text: string): SyntaxFigures {
  const tree = parser.parse(text);
  if (!tree) return { wrong: 0, python2: 0 };
  try {
    return { wrong: wrong(tree.rootNode), python2: python2.captures(tree.rootNode).length };
  } finally {
    tree.delete();
  }
}

/** Code units within errors, plus one for each missing token. */
function wrong(root: Node): number {
  let sum = 0;
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.isError || node.isMissing) sum += Math.max(1, node.endIndex - node.startIndex);
    else if (node.hasError) open.push(...node.children);
  }
  return sum;
}
