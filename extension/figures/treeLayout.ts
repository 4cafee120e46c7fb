/** Positions of a draft tree's nodes: the root at the left, the model's branch in a straight line. */
import type { DrawnNode } from "../../server/protocol/index.ts";

interface NodePlace {
  /** Depth in the tree. */
  readonly column: number;
  /** Row from the top: that of its first child. */
  readonly row: number;
}

interface TreeLayout {
  /** Position of each node. */
  readonly places: readonly NodePlace[];
  readonly columns: number;
  readonly rows: number;
}

export function layOut(nodes: readonly Pick<DrawnNode, "parent" | "accepted">[]): TreeLayout {
  const children: number[][] = nodes.map(() => []);
  for (const [node, { parent }] of nodes.entries()) children[parent]?.push(node);
  const places: NodePlace[] = nodes.map(() => ({ column: 0, row: 0 }));
  let rows = 0;
  const place = (node: number, column: number, row: number) => {
    places[node] = { column, row };
    const isAccepted = (child: number) => Number(nodes[child]?.accepted === true);
    const ordered = (children[node] ?? []).toSorted((a, b) => isAccepted(b) - isAccepted(a));
    if (ordered.length === 0) rows = row + 1;
    for (const [index, child] of ordered.entries()) place(child, column + 1, index === 0 ? row : rows);
  };
  if (nodes.length > 0) place(0, 0, 0);
  return { places, rows, columns: Math.max(0, ...places.map(({ column }) => column + 1)) };
}
