/**
 * Token Recycling (Luo et al., "Turning Trash into Treasure: Accelerating Inference of Large Language Models with
 * Token Recycling", ACL 2025, section 3; `recycling_forward` in its repository): a table has, for each token of
 * the vocabulary, the 8 tokens that the model found most likely after it when it last saw it. A fixed tree of 80
 * nodes is filled breadth first: child j of a node is the j-th token of the row of the node's token. After
 * each step the rows of all tokens verified, accepted or not, are overwritten; of equal tokens the last
 * node counts. The table is kept from prompt to prompt.
 *
 * The table's rows start unknown, and an unknown row drafts nothing; in the original they start as zeros, so that token 0
 * is verified. The original drops the logits of the prompt; `recycling+prompt` learns from them before its first draft.
 */
import { DraftTree, type TreeDrafter, type VerifiedTree } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";
import { PREDICTED, type PromptPredictions } from "./promptPredictions.ts";

/** Successors kept of each token. */
export const SUCCESSORS = 8;
const UNKNOWN = -1;

/** The ranks on the way to each node (`tree_template_.py`, version 2.2.2), 8, 21, 25, 15, 8 and 3 a level. */
const TEMPLATE = `
  0 1 2 3 4 5 6 7
  00 01 02 03 04 05 06 07 10 11 12 13 20 21 22 30 31 40 50 60 70
  000 001 002 003 004 005 006 007 010 011 012 020 021 030 040 050 060 070 100 101 110 200 300 400 500
  0000 0001 0002 0003 0004 0010 0011 0020 0030 0040 0100 0200 1000 2000 3000
  00000 00001 00002 00010 00020 00100 01000 10000
  000000 000001 000100`;

/** A tree of ranks: which of its parent's successors each node is. Node 0 is the root. */
export class Template {
  readonly parents: Int8Array;
  readonly ranks: Int8Array;

  /** @param paths the ranks on the way to each node but the root, a digit each, parents before children */
  constructor(paths: string) {
    const nodes = ["", ...paths.trim().split(/\s+/)];
    this.parents = Int8Array.from(nodes, path => nodes.indexOf(path.slice(0, -1)));
    this.parents[0] = UNKNOWN;
    this.ranks = Int8Array.from(nodes, path => Number(path.at(-1) ?? 0));
  }

  /** Nodes, root included. */
  get size(): number {
    return this.parents.length;
  }
}

/** The model's last predictions after each token. */
export class SuccessorTable {
  private readonly rows: Int32Array;
  /** The current tree's node at each place of the template; `UNKNOWN` if there is none. */
  private readonly nodes = new Int32Array(128);
  private readonly ids = new Int32Array(SUCCESSORS);
  private readonly logits = new Float32Array(SUCCESSORS);

  constructor(vocabularySize: number) {
    this.rows = new Int32Array(vocabularySize * SUCCESSORS).fill(UNKNOWN);
  }

  /** Fills the template below the root of `tree`, until the tree has `room` nodes. */
  fill(tree: DraftTree, { parents, ranks, size }: Template, room: number): void {
    const { nodes } = this;
    nodes.fill(UNKNOWN);
    nodes[0] = 0;
    for (let place = 1; place < size && tree.count < room; place++) {
      const parent = nodes[parents[place] as number] as number;
      if (parent === UNKNOWN) continue;
      const token = this.successor(tree.tokens[parent] as number, ranks[place] as number);
      if (token !== UNKNOWN) nodes[place] = tree.grow(parent, token);
    }
  }

  /** The token of a rank after another one, from 0; negative if none is known. */
  successor(token: number, rank: number): number {
    return this.rows[token * SUCCESSORS + rank] as number;
  }

  /** Overwrites the rows of all tokens of a prompt. */
  learnPrompt({ tokens, ids }: PromptPredictions): void {
    for (const [i, token] of tokens.entries())
      this.rows.set(ids.subarray(PREDICTED * i, PREDICTED * i + SUCCESSORS), token * SUCCESSORS);
  }

  /** Overwrites the rows of all tokens of a verified tree. */
  learn(verified: VerifiedTree): void {
    const { ids, logits, rows } = this;
    const { tree } = verified;
    for (let node = 0; node < tree.count; node++) {
      ids.fill(UNKNOWN);
      verified.top(node, SUCCESSORS, ids, logits);
      rows.set(ids, (tree.tokens[node] as number) * SUCCESSORS);
    }
  }
}

export function recycling(vocabularySize: number): Preset {
  const template = new Template(TEMPLATE);
  const tree = new DraftTree(template.size);
  const drafter = (table: SuccessorTable): TreeDrafter => ({
    push: () => {},
    draft(root, room) {
      tree.plant(root);
      table.fill(tree, template, room);
      return tree;
    },
    observe: verified => table.learn(verified),
  });
  return {
    name: "recycling",
    nodes: template.size,
    begin: () => {
      const table = new SuccessorTable(vocabularySize);
      return (_history, details) => {
        if (details?.predictions) table.learnPrompt(details.predictions);
        return drafter(table);
      };
    },
  };
}
