/**
 * Lookahead decoding (Fu et al., "Break the Sequential Dependency of LLM Inference Using Lookahead Decoding", ICML
 * 2024; `jacobi_greedy_search_multilevel` of its repository, with the README's values: N 5, W 7, G 7). A window of W
 * columns and N - 1 rows of guessed tokens is part of each decode: the model's predictions at its newest row make
 * a new row, as in Jacobi's iteration, and the oldest row falls out. Each column has then been through N - 1 rows: an
 * n-gram, put into a pool under the token that stood before its column. The pool keeps the newest G of each token. The n-grams of
 * the last decided token, if there are any, are verified in the same decode. Pool and window belong to one prompt; the oldest
 * row starts as tokens drawn from the prompt, and nothing is verified until all rows exist.
 *
 * The original's mask lets a guess of the oldest row see the context, the last decided token and the guesses of
 * that row before it, and a guess of a later row see what the last decided token or oldest guess of its column sees, that
 * token itself, and its column's guesses of the rows between. This is a tree: the oldest row is a chain under the root, and
 * each column's later guesses are a chain under the column's token of the oldest row, the first column's under the
 * root. Its depths are the original's positions. So the window is decoded as nodes of the draft tree that are
 * never accepted, and what is predicted, pooled and drafted is the same. If a guess and an n-gram have the same token after
 * the same tokens, the two are one node with one result, which saves a row.
 *
 * The random tokens are drawn from a seed. The n-grams are verified oldest first, and the longest path is accepted
 * if several have a common prefix; the original decodes each one separately. If a whole n-gram is right, the token predicted
 * after it is accepted as well; the original drops it. The pool is not filled from the prompt, which is an option there
 * that is off by default. If a decode has no room for the whole window, the window is paused.
 */
import {
  DraftTree,
  randomNumbers,
  type TreeDrafter,
  type VerifiedTree,
} from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";

const ROOT = 0;
const SEED = 1;

export interface LookaheadShape {
  /** N: tokens of an n-gram, its key included. */
  readonly gram: number;
  /** W: columns of the window. */
  readonly columns: number;
  /** G: n-grams kept of a token. */
  readonly gramsPerKey: number;
}

const PUBLISHED: LookaheadShape = { gram: 5, columns: 7, gramsPerKey: 7 };

/** Rows of the window, the oldest included. */
const rowsOf = ({ gram }: LookaheadShape) => gram - 1;

/** Nodes of the largest tree: the root, the n-grams of a token, and the window. */
export function largestTree(shape: LookaheadShape): number {
  const { gram, columns, gramsPerKey } = shape;
  return 1 + gramsPerKey * (gram - 1) + columns - 1 + columns * (rowsOf(shape) - 1);
}

/** N-grams by the token they follow, the newest last. */
export class GramPool {
  private readonly grams = new Map<number, (readonly number[])[]>();

  /** @param most n-grams kept of a token */
  constructor(private readonly most: number) {}

  after(token: number): readonly (readonly number[])[] {
    return this.grams.get(token) ?? [];
  }

  put(key: number, gram: readonly number[]): void {
    const others = this.after(key).filter(known => known.some((token, i) => token !== gram[i]));
    this.grams.set(key, [...others, gram].slice(-this.most));
  }

  /** Replaces as many of the newest n-grams by the given ones. */
  replaceNewest(key: number, grams: readonly (readonly number[])[]): void {
    const older = this.after(key).slice(0, Math.max(0, this.after(key).length - grams.length));
    this.grams.set(key, [...older, ...grams]);
  }
}

/** A draft tree whose last nodes are decoded too, but never accepted. */
class WindowedTree extends DraftTree {
  /** Nodes from this one on are the window's. */
  windowStart = 0;

  override child(parent: number, token: number): number {
    const node = super.child(parent, token);
    return node < this.windowStart ? node : -1;
  }
}

/** One completion's window, over a pool of n-grams. */
export class Lookahead implements TreeDrafter {
  private readonly tree: WindowedTree;
  private readonly fullRows: number;
  /** The rows, the oldest first. The oldest has no guess for column 0, where the last decided token stands. */
  private rows: number[][];
  /** The newest row's nodes in the last tree; empty if the window was paused. */
  private newest: number[] = [];
  private readonly ids = new Int32Array(1);
  private readonly logits = new Float32Array(1);

  constructor(
    history: Int32Array,
    shape: LookaheadShape,
    private readonly pool: GramPool,
  ) {
    this.tree = new WindowedTree(largestTree(shape));
    this.fullRows = rowsOf(shape);
    const random = randomNumbers(SEED);
    // Each step up to the full window takes a column.
    const drawn = history.length === 0 ? 0 : shape.columns + shape.gram - 3;
    this.rows = [
      Array.from({ length: drawn }, () => history[Math.floor(random() * history.length)] as number),
    ];
  }

  push(): void {}

  draft(root: number, room: number): DraftTree {
    const { tree, rows, fullRows } = this;
    tree.plant(root);
    if (rows.length === fullRows)
      for (const gram of this.pool.after(root)) {
        let node = ROOT;
        for (const token of gram) node = tree.count < room ? tree.grow(node, token) : tree.child(node, token);
        if (node < 0) break;
      }
    tree.windowStart = tree.count;
    const size = rows.reduce((sum, row) => sum + row.length, 0);
    this.newest = size > 0 && tree.count + size <= room ? this.growWindow() : [];
    return tree;
  }

  observe(verified: VerifiedTree): void {
    const { newest, ids, logits, rows, fullRows } = this;
    if (newest.length === 0) return;
    const predicted = newest.map(node => {
      verified.top(node, 1, ids, logits);
      return ids[0] as number;
    });
    if (rows.length === fullRows) this.collect(verified.tree.tokens[ROOT] as number, predicted);
    // The text has grown by at least one token: a column's second guess moves to the next column.
    this.rows =
      rows.length === fullRows
        ? [(rows[1] as number[]).slice(1), ...rows.slice(2), predicted]
        : [...rows.map(row => row.slice(1)), rows.length === 1 ? predicted : predicted.slice(1)];
  }

  /** Grows the window under the root. Returns the nodes of the newest row. */
  private growWindow(): number[] {
    const { tree, rows } = this;
    const [oldest = [], ...later] = rows;
    let columns = [ROOT];
    for (const token of oldest) columns.push(tree.grow(columns.at(-1) as number, token));
    if (later.length === 0) return columns.slice(1);
    for (const row of later)
      columns = row.map((token, column) => tree.grow(columns[column] as number, token));
    return columns;
  }

  /** Puts each column's n-gram into the pool. */
  private collect(root: number, predicted: readonly number[]): void {
    const [oldest = [], ...later] = this.rows;
    for (const [column, last] of predicted.entries()) {
      const key = column === 0 ? root : (oldest[column - 1] as number);
      this.pool.put(key, [...later.map(row => row[column] as number), last]);
    }
  }
}

export const lookahead: Preset = {
  name: "lookahead",
  nodes: largestTree(PUBLISHED),
  begin: () => history => new Lookahead(history, PUBLISHED, new GramPool(PUBLISHED.gramsPerKey)),
};
