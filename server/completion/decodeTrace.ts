/**
 * The decodes of one completion, for the dashboard. While the completion is computed only numbers are kept, which takes
 * a few microseconds a step. They are turned into text when the dashboard asks for them.
 */
import type { DraftedNode, DraftTree, DraftVocabulary } from "../draft/index.ts";
import type {
  DrawnCompletion,
  DrawnNode,
  DrawnStep,
  FinishReason,
  SourceFigures,
} from "../protocol/index.ts";

interface TracedStep {
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
  /** By node; undefined where nothing is known, as of the root. */
  readonly drafted: readonly (DraftedNode | undefined)[];
  /** Accepted nodes from the root down. */
  readonly path: readonly number[];
  readonly next: number;
  readonly ms: number;
}

/** The result of a tree, as the decode loop knows it. */
interface VerifiedStep {
  readonly tree: DraftTree;
  readonly path: readonly number[];
  readonly next: number;
  /** Milliseconds of drafting, decoding and verifying. */
  readonly ms: number;
  /** Milliseconds that the same number of tokens would have taken one at a time; undefined if not measured. */
  readonly plainMs: number | undefined;
  /** What is known of a node of the tree. */
  readonly describe: (node: number) => DraftedNode | undefined;
}

export class DecodeTrace {
  private readonly steps: TracedStep[] = [];
  private spentMs = 0;
  private aloneMs: number | undefined = 0;

  /** Records a step; the tree is drafted anew after it, so its nodes are copied. */
  record({ tree, path, next, ms, plainMs, describe }: VerifiedStep): void {
    const { count } = tree;
    const drafted: (DraftedNode | undefined)[] = [undefined];
    for (let node = 1; node < count; node++) drafted.push(describe(node));
    const tokens = tree.tokens.slice(0, count);
    const parents = tree.parents.slice(0, count);
    this.steps.push({ tokens, parents, drafted, path, next, ms });
    this.spentMs += ms;
    this.aloneMs = plainMs === undefined || this.aloneMs === undefined ? undefined : this.aloneMs + plainMs;
  }

  /** Milliseconds of all steps. */
  get decodeMs(): number {
    return this.spentMs;
  }

  /** Milliseconds that the same number of tokens would have taken one at a time; undefined if not measured. */
  get plainMs(): number | undefined {
    return this.steps.length > 0 ? this.aloneMs : undefined;
  }

  /** Nodes of each tree, the root included. */
  get treeSizes(): number[] {
    return this.steps.map(({ tokens }) => tokens.length);
  }

  /** Tokens drafted and accepted, by the source that was surest of each. */
  sources(): SourceFigures[] {
    const found = new Map<string, { proposed: number; accepted: number }>();
    for (const { drafted, path } of this.steps) {
      const onPath = new Set(path);
      for (const [node, known] of drafted.entries()) {
        if (!known) continue;
        const figures = found.get(known.source) ?? { proposed: 0, accepted: 0 };
        found.set(known.source, figures);
        figures.proposed++;
        if (onPath.has(node)) figures.accepted++;
      }
    }
    return [...found].map(([name, figures]) => ({ name, ...figures }));
  }

  /** The completion with texts. @param vocabulary of the model that computed it, which must still be loaded */
  draw(id: number, finishReason: FinishReason, vocabulary: Pick<DraftVocabulary, "bytes">): DrawnCompletion {
    const decoder = new TextDecoder();
    const text = (token: number) => decoder.decode(vocabulary.bytes(token));
    return { id, finishReason, steps: this.steps.map(step => drawnStep(step, text)) };
  }
}

function drawnStep(
  { tokens, parents, drafted, path, next, ms }: TracedStep,
  text: (token: number) => string,
): DrawnStep {
  const nodes = Array.from(tokens, (token, node): DrawnNode => {
    const known = drafted[node];
    return {
      text: text(token),
      parent: parents[node] ?? -1,
      accepted: path.includes(node),
      ...(known && { source: known.source, probability: known.probability }),
    };
  });
  return { nodes, next: text(next), ms };
}
