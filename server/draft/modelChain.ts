/**
 * The continuation of a text by a second, cheaper model: a chain of its most likely tokens, each with the most likely
 * alternatives. The model's KV cache follows the text: tokens that were not accepted are dropped, and the token that was
 * accepted last is computed with the next chain.
 */
import { TokenHistory } from "./history.ts";

/** Why a model computed nothing. */
type NotComputed =
  | { readonly kind: "aborted" | "contextFull" | "outOfMemory" }
  | { readonly kind: "failed"; readonly message: string };

/** The part of an engine that drafting needs; whoever loads it disposes it. Calls must not overlap. */
export interface DraftingEngine {
  readonly vocabulary: { readonly size: number };
  /** Milliseconds of a decode of so many tokens after the present context. */
  cost(nodes: number): number;
  /** Tokens that the next decode may have; 0 when the context is full. */
  room(): number;
  /** Makes the context hold exactly `tokens`. @param tail whether the last few may be left to the next decode */
  prefill(
    tokens: Int32Array,
    signal: AbortSignal,
    tail: "computed" | "deferred",
  ): Promise<{ readonly kind: "prefilled" } | NotComputed>;
  decode(
    tree: { readonly count: number; readonly tokens: Int32Array; readonly parents: Int32Array },
    signal: AbortSignal,
  ): Promise<{ readonly kind: "decoded"; readonly decoded: Choices } | NotComputed>;
  accept(path: readonly number[]): void;
}

/** What a model predicts after the token just decoded, node 0. */
interface Choices {
  top(node: number, count: number, ids: Int32Array, logits: Float32Array): number;
  probability(node: number, token: number): number;
}

/** Most likely tokens that are kept for each place of the chain. */
export const CHOICES = 10;
const ROOT_PATH = [0];

export class ModelChain {
  /** Places in the chain; its token in each is the first of `ids` there. */
  length = 0;
  /** Rows of `CHOICES` token ids and their logits, the most likely first. */
  readonly ids: Int32Array;
  readonly logits: Float32Array;
  /** By place: the number of tokens in its row, and the probability of the first, 0 to 1. */
  readonly counts: Int32Array;
  readonly probabilities: Float64Array;
  private text = new TokenHistory(new Int32Array(0));
  /** Whether the text has a token that the model does not know. */
  private isForeign = false;
  private readonly step = { count: 1, tokens: new Int32Array(1), parents: Int32Array.of(-1) };

  /** @param capacity most places */
  constructor(
    private readonly engine: DraftingEngine,
    readonly capacity: number,
  ) {
    this.ids = new Int32Array(capacity * CHOICES);
    this.logits = new Float32Array(capacity * CHOICES);
    this.counts = new Int32Array(capacity);
    this.probabilities = new Float64Array(capacity);
  }

  /** Begins with a prompt, of which nothing is computed yet. */
  begin(prompt: Int32Array): void {
    this.text = new TokenHistory(prompt);
    this.isForeign = prompt.some(token => token >= this.engine.vocabulary.size);
    this.length = 0;
  }

  /** Records a decided token: the old chain is no longer valid. */
  push(token: number): void {
    this.text.push(token);
    this.isForeign ||= token >= this.engine.vocabulary.size;
    this.length = 0;
  }

  /** Makes the model's context the text without its last token. Returns whether that was possible. */
  async follow(signal: AbortSignal, tail: "computed" | "deferred"): Promise<boolean> {
    const { text, engine } = this;
    this.length = 0;
    if (this.isForeign || text.size === 0) return false;
    return followText(engine, text, signal, tail);
  }

  /** Extends the chain by one token of the model, after `follow`. False if it was aborted or there is no room. */
  async extend(signal: AbortSignal): Promise<boolean> {
    const { engine, step, text, length } = this;
    if (length >= this.capacity || engine.room() < 1) return false;
    step.tokens[0] = length === 0 ? text.tokens[text.size - 1] : this.token(length - 1);
    const outcome = await engine.decode(step, signal);
    if (outcome.kind !== "decoded") return endOfDraft(outcome);
    const { decoded } = outcome;
    const [start, end] = [length * CHOICES, (length + 1) * CHOICES];
    const ids = this.ids.subarray(start, end);
    const count = decoded.top(0, CHOICES, ids, this.logits.subarray(start, end));
    this.counts[length] = count;
    this.probabilities[length] = count > 0 ? decoded.probability(0, ids[0]) : 0;
    // The logits are no longer valid from here on.
    engine.accept(ROOT_PATH);
    if (count === 0) return false;
    this.length++;
    return true;
  }

  /** The model's token in a place of the chain. */
  token(place: number): number {
    return this.ids[place * CHOICES];
  }
}

/** Makes a draft model's context a text without its last token. Returns whether that was possible; throws faults. */
export async function followText(
  engine: Pick<DraftingEngine, "prefill">,
  { tokens, size }: { readonly tokens: Int32Array; readonly size: number },
  signal: AbortSignal,
  tail: "computed" | "deferred",
): Promise<boolean> {
  const outcome = await engine.prefill(tokens.slice(0, size - 1), signal, tail);
  return outcome.kind === "prefilled" || endOfDraft(outcome);
}

/** False if an abort or a full context ended a draft; throws faults. */
export function endOfDraft(outcome: NotComputed): false {
  if (outcome.kind === "outOfMemory") throw new Error("no memory for the draft model");
  if (outcome.kind === "failed") throw new Error(`the draft model: ${outcome.message}`);
  return false;
}
