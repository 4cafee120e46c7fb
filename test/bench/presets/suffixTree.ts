/**
 * A suffix tree with counts, of a given depth, over texts that grow token by token: the node of a string knows how
 * often the string occurs. A string that occurs once is a leaf, whose continuation is read from the text, so there
 * are only a few nodes per token if little repeats.
 */
import { EdgeTable } from "../../../server/draft/index.ts";

const ROOT = 0;
const NONE = -1;
/** The separator of two texts. */
const GAP = -1;

/** A string that occurs: a node, or a place in the text after the only occurrence of a leaf's string. */
export interface Place {
  readonly node: number;
  /** Tokens after the node's string. */
  readonly beyond: number;
}

/** A token that follows a string, and how often. */
export interface Successor {
  readonly token: number;
  readonly count: number;
  readonly place: Place;
}

/** A suffix of the text that is still growing. */
interface OpenSuffix {
  readonly start: number;
  /** Its node, or a leaf that it has passed. */
  node: number;
}

export class SuffixTree {
  private readonly tokens: number[] = [];
  private readonly counts: number[] = [0];
  /** Where an occurrence of the node's string ends, as an index of the token that follows. */
  private readonly ends: number[] = [0];
  private readonly depths: number[] = [0];
  private readonly lastEdges: number[] = [NONE];
  private readonly edges = new EdgeTable(1024);
  /** The longest first. */
  private open: OpenSuffix[] = [];

  /** @param maxDepth tokens of the longest string that is distinguished from others */
  constructor(readonly maxDepth: number) {}

  /** Ends the text; tokens pushed afterwards begin another one. */
  endText(): void {
    if (this.open.length === 0) return;
    this.tokens.push(GAP);
    this.open = [];
  }

  push(token: number): void {
    const { open, tokens, counts } = this;
    open.push({ start: tokens.length, node: ROOT });
    if (open.length > this.maxDepth) open.shift();
    tokens.push(token);
    counts[ROOT] = this.countOf(ROOT) + 1;
    for (const suffix of open) this.extend(suffix);
  }

  /** The string of the last `length` of `pattern`'s first `end` tokens; undefined if it does not occur. */
  find(pattern: ArrayLike<number>, end: number, length: number): Place | undefined {
    let place: Place | undefined = { node: ROOT, beyond: 0 };
    for (let at = end - length; at < end && place; at++) place = this.step(place, pattern[at] as number);
    return place;
  }

  /** How often the string occurs. */
  occurrences({ node }: Place): number {
    return this.countOf(node);
  }

  /** The tokens that follow the string, in the order in which they came. */
  successors(place: Place): Successor[] {
    const { edges } = this;
    if (this.isLeaf(place.node)) {
      const token = this.tokenBeyond(place);
      if (token === undefined) return [];
      return [{ token, count: 1, place: { node: place.node, beyond: place.beyond + 1 } }];
    }
    const found: Successor[] = [];
    for (let edge = this.lastEdges[place.node] as number; edge >= 0; edge = edges.before(edge)) {
      const node = edges.target(edge);
      found.push({ token: edges.token(edge), count: this.countOf(node), place: { node, beyond: 0 } });
    }
    return found.reverse();
  }

  private countOf(node: number): number {
    return this.counts[node] as number;
  }

  private isLeaf(node: number): boolean {
    return node !== ROOT && this.countOf(node) === 1;
  }

  private tokenBeyond({ node, beyond }: Place): number | undefined {
    if ((this.depths[node] as number) + beyond >= this.maxDepth) return undefined;
    const token = this.tokens[(this.ends[node] as number) + beyond];
    return token === GAP ? undefined : token;
  }

  private step(place: Place, token: number): Place | undefined {
    if (this.isLeaf(place.node))
      return this.tokenBeyond(place) === token ? { node: place.node, beyond: place.beyond + 1 } : undefined;
    const child = this.childOf(place.node, token);
    return child === NONE ? undefined : { node: child, beyond: 0 };
  }

  private childOf(node: number, token: number): number {
    const edge = this.edges.find(node, token);
    return edge < 0 ? NONE : this.edges.target(edge);
  }

  /** Extends an open suffix by the last token. */
  private extend(suffix: OpenSuffix): void {
    const { tokens, depths } = this;
    const last = tokens.length - 1;
    // A leaf that it passed may have got a second occurrence since, and nodes below it.
    while (!this.isLeaf(suffix.node) && suffix.start + (depths[suffix.node] as number) < last)
      suffix.node = this.childOf(
        suffix.node,
        tokens[suffix.start + (depths[suffix.node] as number)] as number,
      );
    if (this.isLeaf(suffix.node)) return;
    const { node } = suffix;
    const child = this.childOf(node, tokens[last] as number);
    if (child === NONE) {
      suffix.node = this.addLeaf(node, last);
      return;
    }
    if (this.isLeaf(child)) {
      const next = this.tokenBeyond({ node: child, beyond: 0 });
      if (next !== undefined) this.addLeaf(child, this.ends[child] as number);
    }
    this.counts[child] = this.countOf(child) + 1;
    suffix.node = child;
  }

  /** Adds the node of a string with the token at `index` after it. */
  private addLeaf(parent: number, index: number): number {
    const { counts, ends, depths, lastEdges, edges, tokens } = this;
    const node = counts.length;
    counts.push(1);
    ends.push(index + 1);
    depths.push((depths[parent] as number) + 1);
    lastEdges.push(NONE);
    lastEdges[parent] = edges.add(parent, tokens[index] as number, node, lastEdges[parent] as number);
    return node;
  }
}
