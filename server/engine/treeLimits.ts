/** How large the trees of one decode may be. */

/** The largest tree of one decode, given when a model is loaded. */
export interface TreeLimits {
  /** Nodes and tokens fed again; at most 252. */
  readonly rows: number;
  /** Leaves; each takes a sequence of the KV cache. At most 253. */
  readonly branches: number;
}

/** Most rows of a tree, its re-fed tokens and dummies; with one more llama.cpp changes its kernels. */
export const EXACT_ROWS = 63;

/** Trees that equal single steps to the last bit. */
export const EXACT_TREES: TreeLimits = { rows: EXACT_ROWS, branches: 32 };
