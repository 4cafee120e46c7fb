/**
 * Lays a token tree out for one decode: which row each node takes and which KV sequences its token
 * belongs to. Pure arithmetic over typed arrays, reused from step to step.
 *
 * Rows are in depth-first order with first children first, so the principal chain (first child of first child ...) follows the
 * root directly. If exactly that chain is accepted, its KV cells lie in position order, as if the tokens had been decoded one
 * at a time. Attention sums in cell order, so this order keeps the result equal to the last bit.
 *
 * Leaves are numbered in the same order; the leaves below a node are then a range, and a node's token
 * belongs to the sequences of that range.
 */
import type { TokenTree } from "./engine.ts";

export class TreePlan {
  count = 0;
  leaves = 0;
  /** The node in a row, and the row of a node. */
  readonly nodeAt: Int32Array;
  readonly rowOf: Int32Array;
  /** Distance of a node from the root. */
  readonly depth: Int32Array;
  /** The leaves below a node (itself, if it is one): `firstLeaf` up to `firstLeaf + leafCount - 1`. */
  readonly firstLeaf: Int32Array;
  readonly leafCount: Int32Array;
  private readonly size: Int32Array;
  private readonly nextRow: Int32Array;
  private readonly nextLeaf: Int32Array;

  constructor(readonly capacity: number) {
    const array = () => new Int32Array(capacity);
    this.nodeAt = array();
    this.rowOf = array();
    this.depth = array();
    this.firstLeaf = array();
    this.leafCount = array();
    this.size = array();
    this.nextRow = array();
    this.nextLeaf = array();
  }

  /** Plans `tree`. Throws RangeError when it is empty, too large or not in parents-first order. */
  set(tree: TokenTree): void {
    const { count, parents } = tree;
    if (count < 1 || count > this.capacity)
      throw new RangeError(`tree of ${count} nodes, expected 1 to ${this.capacity}`);
    if (parents[0] !== -1) throw new RangeError("node 0 of a tree must be its root");
    this.countBelow(tree);
    const { size, leafCount, depth, rowOf, nodeAt, firstLeaf, nextRow, nextLeaf } = this;
    depth[0] = 0;
    rowOf[0] = 0;
    nodeAt[0] = 0;
    firstLeaf[0] = 0;
    nextRow[0] = 1;
    nextLeaf[0] = 0;
    for (let node = 1; node < count; node++) {
      const parent = parents[node];
      const row = nextRow[parent];
      depth[node] = depth[parent] + 1;
      rowOf[node] = row;
      nodeAt[row] = node;
      nextRow[parent] += size[node];
      nextRow[node] = row + 1;
      firstLeaf[node] = nextLeaf[parent];
      nextLeaf[parent] += leafCount[node];
      nextLeaf[node] = firstLeaf[node];
    }
    this.count = count;
    this.leaves = leafCount[0];
  }

  private countBelow({ count, parents }: TokenTree): void {
    const { size, leafCount } = this;
    size.fill(1, 0, count);
    leafCount.fill(0, 0, count);
    for (let node = count - 1; node > 0; node--) {
      const parent = parents[node];
      if (parent < 0 || parent >= node) throw new RangeError(`node ${node} has parent ${parent}`);
      if (leafCount[node] === 0) leafCount[node] = 1;
      size[parent] += size[node];
      leafCount[parent] += leafCount[node];
    }
    if (leafCount[0] === 0) leafCount[0] = 1;
  }
}
