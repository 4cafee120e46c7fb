import type {
  Decoded,
  DecodeOutcome,
  Engine,
  EngineInfo,
  PrefillOutcome,
  TokenTree,
  Vocabulary,
} from "../../server/engine/index.ts";

/**
 * An engine whose model generates a script. Every decode is really computed and every choice really searched, so
 * the cost is the model's; only the answer is replaced, so acceptance is that of real code whatever the model has
 * learned. Off the script's path the model's own answer is used.
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

  /** Sets the text to be generated after the next prompt. */
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

  get waitingMs(): number {
    return this.engine.waitingMs;
  }

  get slowdownMs(): number {
    return this.engine.slowdownMs;
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    const outcome = await this.engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    return { kind: "decoded", decoded: this.scripted(outcome.decoded, tree) };
  }

  accept(path: readonly number[]): void {
    this.engine.accept(path);
    this.said += path.length;
  }

  /** The model's prediction with the script's next token made the most likely. */
  private scripted(own: Decoded, tree: TokenTree): Decoded {
    return {
      ms: own.ms,
      argmax: node => {
        const likeliest = own.argmax(node);
        return this.next(tree, node) ?? likeliest;
      },
      logits: (node, out) => {
        own.logits(node, out);
        const likeliest = own.argmax(node);
        const said = this.next(tree, node) ?? likeliest;
        if (said !== likeliest) out[said] = above(out[likeliest] ?? 0);
      },
      top: (node, count, ids, logits) => {
        const found = own.top(node, count, ids, logits);
        const said = this.next(tree, node);
        return said === undefined ? found : putFirst(said, count, found, ids, logits);
      },
      probability: (node, token) => own.probability(node, token),
    };
  }

  /** The script's token after a node; undefined if the path to the node differs from the script. */
  private next({ tokens, parents }: TokenTree, node: number): number | undefined {
    const path: number[] = [];
    for (let at = node; at > 0; at = parents[at] ?? 0) path.unshift(tokens[at] as number);
    const { said, script } = this;
    return path.every((token, i) => token === script[said + i]) ? script[said + path.length] : undefined;
  }

  saveEnergy(on: boolean): void {
    this.engine.saveEnergy(on);
  }

  forget(): void {
    this.engine.forget();
  }

  /** The caller owns the engine below and disposes it. */
  async dispose(): Promise<void> {}
}

/** A logit above another one, even after rounding. */
const above = (logit: number) => logit + 1;

/** Makes a token the most likely of a list in the order of `Decoded.top`. Returns the new number of tokens. */
function putFirst(token: number, most: number, found: number, ids: Int32Array, logits: Float32Array): number {
  if (found > 0 && ids[0] === token) return found;
  const known = ids.subarray(0, found).indexOf(token);
  const count = known >= 0 ? found : Math.min(most, found + 1);
  const largest = found > 0 ? (logits[0] as number) : 0;
  const moved = known >= 0 ? known : count - 1;
  ids.copyWithin(1, 0, moved);
  logits.copyWithin(1, 0, moved);
  ids[0] = token;
  logits[0] = above(largest);
  return count;
}
