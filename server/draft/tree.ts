/**
 * The draft tree: candidate next tokens that share their beginnings. Typed arrays, refilled at each step.
 * Node 0 is the root, the one token that is certain. A parent always comes before its children and no two
 * siblings carry the same token.
 */

const NONE = -1;

export class DraftTree {
  count = 0;
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
  private readonly firstChild: Int32Array;
  private readonly nextSibling: Int32Array;

  constructor(readonly capacity: number) {
    this.tokens = new Int32Array(capacity);
    this.parents = new Int32Array(capacity);
    this.firstChild = new Int32Array(capacity);
    this.nextSibling = new Int32Array(capacity);
  }

  /** Drops all nodes but a new root. */
  plant(root: number): void {
    this.count = 1;
    this.tokens[0] = root;
    this.parents[0] = NONE;
    this.firstChild[0] = NONE;
    this.nextSibling[0] = NONE;
  }

  /** Keeps the first `count` nodes. */
  truncate(count: number): void {
    this.count = count;
    for (let node = 0; node < count; node++) {
      // Siblings are in the order they were added: after a dropped one there are only dropped ones.
      if (this.firstChild[node] >= count) this.firstChild[node] = NONE;
      if (this.nextSibling[node] >= count) this.nextSibling[node] = NONE;
    }
  }

  /** The child of `parent` that carries `token`, or -1. */
  child(parent: number, token: number): number {
    for (let node = this.firstChild[parent]; node !== NONE; node = this.nextSibling[node])
      if (this.tokens[node] === token) return node;
    return NONE;
  }

  /** The child of `parent` with `token`, made if it is not there; -1 if the tree is full. */
  grow(parent: number, token: number): number {
    let last = NONE;
    for (let node = this.firstChild[parent]; node !== NONE; node = this.nextSibling[node]) {
      if (this.tokens[node] === token) return node;
      last = node;
    }
    if (this.count >= this.capacity) return NONE;
    const node = this.count++;
    this.tokens[node] = token;
    this.parents[node] = parent;
    this.firstChild[node] = NONE;
    this.nextSibling[node] = NONE;
    if (last === NONE) this.firstChild[parent] = node;
    else this.nextSibling[last] = node;
    return node;
  }
}

/** A tree and what the model predicts after its nodes. */
export interface VerifiedTree {
  readonly tree: DraftTree;
  /** The accepted nodes from the root down. */
  readonly path: readonly number[];
  /** The model's token after the last accepted node. */
  readonly next: number;
  /**
   * Writes the `count` most likely tokens after a node and their logits, most likely first. Returns how many
   * there are. Much cheaper than copying all logits and searching them.
   */
  top(node: number, count: number, ids: Int32Array, logits: Float32Array): number;
}
