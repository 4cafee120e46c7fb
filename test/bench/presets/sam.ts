/**
 * SAM-Decoding (Hu et al., "SAM Decoding: Speculative Decoding via Suffix Automaton", ACL 2025, sections 3.2 to
 * 3.4): one suffix automaton over prompt and generated text, and one over a corpus whose documents are joined by
 * an end token. Each follows the text token by token and knows the longest suffix that occurs in it.
 *
 * `sam` is the build of the repository without an auxiliary (`samd_sam_only`, with the values of its script: 60
 * tokens, alpha 4, bias 0). The longer match drafts, the text's own if they are equal: the text with the chain after the
 * first occurrence, the corpus with a tree, best first by the product of count ratios, with at most 8 successors of
 * a state and 8 nodes per level. Either has 1 + 4 times as many nodes as the match has tokens.
 *
 * `sam+recycling` is the build with Token Recycling (`samd`, its defaults). The corpus's match counts 5 less; if
 * neither match is 5 or longer, Token Recycling drafts, with SAM's own tree of 60 nodes. Otherwise the longer match drafts a
 * chain of 40 tokens, root included, after the first occurrence; the text's own chain is taken from shorter and shorter
 * suffixes until enough tokens follow. The table learns from the prompt's logits too. The original's padding with token 0
 * is left out.
 */
import { DraftTree, type TreeDrafter } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";
import { SuccessorTable, Template } from "./recycling.ts";
import { type Match, NO_MATCH, SuffixAutomaton } from "./suffixAutomaton.ts";
import { growChain } from "./tokenList.ts";

const MAX_NODES = 60;
const ALPHA = 4;
const BREADTH = 8;
const CHAIN_NODES = 40;
const CORPUS_BIAS = 5;
const THRESHOLD = 5;

/** The ranks on the way to each node of `samd/config/token_recycle.json`: 7, 20, 21, 8 and 4 a level. */
const TEMPLATE = new Template(`
  0 1 2 3 4 5 6
  00 01 02 03 04 05 10 11 12 13 14 20 21 22 30 31 40 41 50 60
  000 001 002 010 011 020 021 030 040 100 101 102 110 111 120 130 200 210 300 400 500
  0000 0001 0010 0100 1000 1001 1100 2000
  00000 00001 00100 10000`);

/** An automaton over documents, each of which ends with an end token. */
export function corpusAutomaton(
  documents: Uint32Array,
  separator: number,
  endToken: number,
): SuffixAutomaton {
  const automaton = new SuffixAutomaton(documents.length + 1);
  for (const token of documents) automaton.extend(token === separator ? endToken : token);
  automaton.extend(endToken);
  automaton.countOccurrences();
  return automaton;
}

/** The two automata, with the longest suffix of the text in each. */
export class TextMatches {
  readonly text: SuffixAutomaton;
  own: Match = NO_MATCH;
  inCorpus: Match = NO_MATCH;
  /** The last token; it is added to the automaton with the next one, and so never matches itself. */
  private pending: number | undefined;

  constructor(
    history: Int32Array,
    readonly corpus: SuffixAutomaton,
  ) {
    this.text = new SuffixAutomaton(history.length + 256);
    for (const token of history) this.push(token);
  }

  push(token: number): void {
    if (this.pending !== undefined) this.text.extend(this.pending);
    this.own = this.text.advance(this.own, token);
    this.inCorpus = this.corpus.advance(this.inCorpus, token);
    this.pending = token;
  }
}

/** Grows the chain after the first occurrence of a state's strings, up to `nodes` nodes, root included. */
function growOccurrence(
  tree: DraftTree,
  automaton: SuffixAutomaton,
  state: number,
  nodes: number,
  room: number,
): void {
  const start = automaton.firstEndOf(state);
  growChain(tree, automaton.tokens, start, Math.min(automaton.size, start + nodes - 1), room);
}

interface Candidate {
  readonly probability: number;
  readonly token: number;
  readonly state: number;
  readonly parent: number;
  readonly depth: number;
}

/** The corpus's continuations, as trees. */
export class CorpusTrees {
  /** The most frequent successors of the states that were looked up. */
  private readonly known = new Map<number, readonly { readonly token: number; readonly state: number }[]>();

  constructor(private readonly corpus: SuffixAutomaton) {}

  /** Grows the most likely continuations of a state's strings under the root, until the tree has `nodes` nodes. */
  grow(tree: DraftTree, state: number, nodes: number): void {
    const candidates = new Candidates();
    const perDepth: number[] = [];
    this.offer(candidates, { probability: 1, token: 0, state, parent: -1, depth: 0 }, 0);
    while (tree.count < nodes) {
      const best = candidates.take();
      if (!best) return;
      const there = perDepth[best.depth] ?? 0;
      if (there === BREADTH) continue;
      perDepth[best.depth] = there + 1;
      this.offer(candidates, best, tree.grow(best.parent, best.token));
    }
  }

  private offer(candidates: Candidates, { probability, state, depth }: Candidate, node: number): void {
    const { corpus } = this;
    for (const next of this.successors(state))
      candidates.push({
        probability: probability * (corpus.countOf(next.state) / corpus.countOf(state)),
        token: next.token,
        state: next.state,
        parent: node,
        depth: depth + 1,
      });
  }

  private successors(state: number) {
    const { corpus, known } = this;
    let found = known.get(state);
    if (!found) {
      found = [...corpus.successors(state)]
        .sort(
          (a, b) =>
            corpus.countOf(b.state) - corpus.countOf(a.state) ||
            corpus.firstEndOf(a.state) - corpus.firstEndOf(b.state),
        )
        .slice(0, BREADTH);
      known.set(state, found);
    }
    return found;
  }
}

/**
 * A binary heap, the most likely first. The order of equally likely entries is that of Python's `heapq`, which the
 * original uses.
 */
class Candidates {
  private readonly heap: Candidate[] = [];

  push(candidate: Candidate): void {
    this.heap.push(candidate);
    this.rise(this.heap.length - 1);
  }

  take(): Candidate | undefined {
    const { heap } = this;
    const [best] = heap;
    const last = heap.pop();
    if (best === undefined || last === undefined || heap.length === 0) return best;
    // The first entry's place moves down to a leaf before the last entry rises from there.
    let place = 0;
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && !this.isBefore(child, child + 1)) child++;
      heap[place] = heap[child] as Candidate;
      place = child;
    }
    heap[place] = last;
    this.rise(place);
    return best;
  }

  private isBefore(a: number, b: number): boolean {
    return (this.heap[a] as Candidate).probability > (this.heap[b] as Candidate).probability;
  }

  private rise(from: number): void {
    const { heap } = this;
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.isBefore(place, parent)) return;
      [heap[place], heap[parent]] = [heap[parent] as Candidate, heap[place] as Candidate];
      place = parent;
    }
  }
}

/** @param corpus with its occurrences counted */
export function sam(corpus: SuffixAutomaton): Preset {
  const tree = new DraftTree(MAX_NODES);
  const trees = new CorpusTrees(corpus);
  const drafter = (history: Int32Array): TreeDrafter => {
    const matches = new TextMatches(history, corpus);
    return {
      push: token => matches.push(token),
      draft(root, room) {
        tree.plant(root);
        const { own, inCorpus } = matches;
        const nodes = Math.min(MAX_NODES, 1 + ALPHA * Math.max(own.length, inCorpus.length));
        if (own.length >= inCorpus.length) growOccurrence(tree, matches.text, own.state, nodes, room);
        else trees.grow(tree, inCorpus.state, Math.min(nodes, room));
        return tree;
      },
    };
  };
  return { name: "sam", nodes: MAX_NODES, begin: () => drafter };
}

/** The state of the longest suffix followed by enough tokens for a whole chain, or else of the shortest that occurs. */
function followedState(automaton: SuffixAutomaton, state: number): number {
  let at = state;
  while (automaton.linkOf(at) > 0 && automaton.size - automaton.firstEndOf(at) < CHAIN_NODES)
    at = automaton.linkOf(at);
  return at;
}

export function samWithRecycling(corpus: SuffixAutomaton, vocabularySize: number): Preset {
  const tree = new DraftTree(TEMPLATE.size);
  const drafter = (history: Int32Array, table: SuccessorTable): TreeDrafter => {
    const matches = new TextMatches(history, corpus);
    return {
      push: token => matches.push(token),
      draft(root, room) {
        tree.plant(root);
        const { own, inCorpus, text } = matches;
        const corpusLength = inCorpus.length - CORPUS_BIAS;
        if (Math.max(own.length, corpusLength) < THRESHOLD) table.fill(tree, TEMPLATE, room);
        else if (own.length >= corpusLength)
          growOccurrence(tree, text, followedState(text, own.state), CHAIN_NODES, room);
        else growOccurrence(tree, corpus, inCorpus.state, CHAIN_NODES, room);
        return tree;
      },
      observe: verified => table.learn(verified),
    };
  };
  return {
    name: "sam+recycling",
    nodes: TEMPLATE.size,
    readsPrompt: true,
    begin: () => {
      const table = new SuccessorTable(vocabularySize);
      return (history, details) => {
        if (details?.predictions) table.learnPrompt(details.predictions);
        return drafter(history, table);
      };
    },
  };
}
