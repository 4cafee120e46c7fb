import type {
  DecodeOutcome,
  Engine,
  EngineInfo,
  PrefillOutcome,
  TokenTree,
  Vocabulary,
} from "../engine/engine.ts";

/**
 * An engine whose model says what a script says. Every decode is really computed and every choice really
 * looked for, so the cost is the model's; only the answer is replaced, so acceptance is that of real code
 * whatever the model has learned.
 */
export class ReplayEngine implements Engine {
  readonly info: EngineInfo;
  readonly vocabulary: Vocabulary;
  /** Script tokens that have become the root of a tree or part of an accepted path. */
  private said = 0;
  private script = new Int32Array(0);

  constructor(private readonly engine: Engine) {
    this.info = engine.info;
    this.vocabulary = engine.vocabulary;
  }

  /** What is to be said behind the next prompt. */
  play(script: Int32Array): void {
    this.script = Int32Array.from(script);
    this.said = 0;
  }

  prefill(tokens: Int32Array, signal: AbortSignal): Promise<PrefillOutcome> {
    return this.engine.prefill(tokens, signal);
  }

  room(): number {
    return this.engine.room();
  }

  cost(nodes: number): number {
    return this.engine.cost(nodes);
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    const outcome = await this.engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { decoded } = outcome;
    return {
      kind: "decoded",
      decoded: {
        ...decoded,
        logits: (node, out) => decoded.logits(node, out),
        argmax: node => {
          const own = decoded.argmax(node);
          return this.script[this.said + depth(tree, node)] ?? own;
        },
      },
    };
  }

  accept(path: readonly number[]): void {
    this.engine.accept(path);
    this.said += path.length;
  }

  /** The engine below belongs to whoever made it. */
  async dispose(): Promise<void> {}
}

/** Steps from the root to a node. */
function depth({ parents }: TokenTree, node: number): number {
  let steps = 0;
  for (let at = parents[node] ?? -1; at >= 0; at = parents[at] ?? -1) steps++;
  return steps;
}
