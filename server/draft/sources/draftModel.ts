/**
 * Drafts by a second, smaller model with the same vocabulary (Leviathan et al., arXiv 2211.17192; Chen et al.,
 * arXiv 2302.01318). It generates a chain of its most likely tokens. The most likely alternatives to each are offered
 * beside it, all with the probability that the draft model gives them, which calibration corrects like any other evidence.
 *
 * The chain is as long as it is expected to pay: a further token costs a decode of the draft model and a node of the
 * tree, and is worth its probability of being accepted. Where the other sources promise more than a chain usually brings,
 * the draft model is not asked. The tree builder decides which tokens of the chain become nodes, as for every source; the
 * model that is accelerated verifies them, so drafts never change the text.
 */
import { messageOf } from "../../system/index.ts";
import { type Calibration, sourceIndex } from "../calibration.ts";
import { CHOICES, type DraftingEngine, ModelChain } from "../modelChain.ts";
import {
  type AheadBounds,
  type DraftSource,
  describeTokens,
  Feature,
  log2Of,
  NO_CURSOR,
  Offers,
} from "../source.ts";
import { CompletionThrottle } from "../sourceThrottle.ts";
import type { TokenTexts } from "../tokenTexts.ts";
import type { VerifiedTree } from "../tree.ts";

/** Longest chain: a wider tree pays before so deep a one does. */
const LONGEST_CHAIN = 16;
/** Less likely tokens are not offered. */
const MIN_PROBABILITY = 0.005;
/** Weight of the newest token in the average acceptance; the first tokens weigh more. */
const NEWEST = 1 / 32;
const FIRST_WEIGHT = 1 / 4;
/**
 * Acceptance of a good draft model. Assumed at first, and in each completion until the model has been asked: a model that is
 * never asked could not show its worth.
 */
const HOPED_ACCEPTANCE = 0.9;
/** Longest mean run of accepted tokens; a longer one carries no further information. */
const LONGEST_RUN = 63;

/** A loaded draft model, with the state kept between completions. */
export class DraftModel {
  readonly throttle = new CompletionThrottle();
  /** Share of the chain's tokens, among the recent ones, that are accepted where those before them were. */
  acceptance = HOPED_ACCEPTANCE;
  private observed = 0;

  /**
   * @param engine with the vocabulary of the model it drafts for; the caller that loaded it disposes of it
   * @param onFault called once when the model cannot compute; it drafts no more then
   */
  constructor(
    readonly engine: DraftingEngine,
    private readonly onFault: (message: string) => void = () => {},
  ) {}

  /**
   * Whether a token takes it less time than the model that it drafts for. Otherwise no chain pays, and a prompt, which may take
   * seconds on a processor beside a graphics device, would be read for nothing.
   */
  mayPayFor(engine: Pick<DraftingEngine, "cost">): boolean {
    return this.engine.cost(1) < engine.cost(1);
  }

  /** Takes in a prompt in a pause, so that a completion there need not. */
  async read(prompt: Int32Array, signal: AbortSignal): Promise<void> {
    if (this.throttle.isResting) return;
    const chain = new ModelChain(this.engine, 1);
    chain.begin(prompt);
    await this.attempt(() => chain.follow(signal, "computed"));
  }

  /** Runs a computation of the model. Returns false after a fault, and the model drafts no more then. */
  async attempt(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      this.throttle.stop();
      this.onFault(`The draft model has failed and is no longer used: ${messageOf(error)}`);
      return false;
    }
  }

  /** Tokens that are accepted in a row, on average. */
  get meanRun(): number {
    const { acceptance } = this;
    return Math.min(LONGEST_RUN, acceptance / Math.max(1e-3, 1 - acceptance));
  }

  observe(isAccepted: boolean): void {
    const weight = Math.max(NEWEST, 1 / (this.observed++ + 1 / FIRST_WEIGHT));
    this.acceptance += weight * ((isAccepted ? 1 : 0) - this.acceptance);
  }
}

export class DraftModelSource implements DraftSource {
  readonly name = "draft model";
  private readonly chain: ModelChain;
  private readonly kind = sourceIndex("draft model");
  private readonly offers = new Offers(CHOICES);
  /** Whether it has been asked in this completion. */
  private wasAsked = false;

  /** @param texts of the tokens of the model that is drafted for */
  constructor(
    private readonly model: DraftModel,
    private readonly calibration: Calibration,
    private readonly texts: TokenTexts,
  ) {
    this.chain = new ModelChain(model.engine, LONGEST_CHAIN);
  }

  async begin(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { chain, model } = this;
    chain.begin(prompt);
    if (!model.throttle.begin()) return;
    await filled;
    const start = performance.now();
    await model.attempt(() => chain.follow(signal, "deferred"));
    model.throttle.spend(performance.now() - start);
  }

  push(token: number): void {
    this.chain.push(token);
  }

  async searchAhead(bounds: AheadBounds, signal: AbortSignal): Promise<boolean> {
    const most = Math.min(LONGEST_CHAIN, bounds.room - 1);
    return this.mayPay(most, bounds) && this.model.attempt(() => this.draftChain(most, bounds, signal));
  }

  /** Has the draft model generate a chain, as long as it pays. Returns whether there is one. */
  private async draftChain(most: number, { cost, rate }: AheadBounds, signal: AbortSignal): Promise<boolean> {
    const { chain, model } = this;
    this.wasAsked = true;
    if (!(await chain.follow(signal, "deferred"))) return false;
    let reached = 1;
    let expected = 1;
    for (let length = 0; length < most; ) {
      const stepMs = model.engine.cost(1);
      if (!(await chain.extend(signal))) break;
      reached *= this.chanceOf(length++);
      expected += reached;
      const treeMs = cost(length + 1);
      const best = Math.max(rate, expected / (treeMs + length * stepMs));
      const furtherMs = stepMs + (length < most ? cost(length + 2) - treeMs : 0);
      if (reached * model.acceptance < best * furtherMs) break;
    }
    return chain.length > 0;
  }

  search(): void {
    // What there is was computed ahead.
  }

  /** Cursors are places of the chain; the root's is the first. */
  children(place: number, _path: number, offers: Offers): void {
    const { chain } = this;
    if (place >= chain.length) return;
    const first = place * CHOICES;
    for (let i = first; i < first + chain.counts[place]; i++) {
      const probability = chain.probabilities[place] * Math.exp(chain.logits[i] - chain.logits[first]);
      if (probability < MIN_PROBABILITY) return;
      const token = chain.ids[i];
      // The other model may lack the last tokens, which are unused.
      if (token >= this.texts.vocabulary.size) continue;
      const goesOn = i === first && place + 1 < chain.length;
      const at = offers.add(token, goesOn ? place + 1 : NO_CURSOR);
      if (at < 0) return;
      // The mean run of accepted tokens stands in for a match length.
      if (i === first) offers.features[at + Feature.matchLength] = log2Of(this.model.meanRun);
      offers.features[at + Feature.share] = Math.log2(probability);
      offers.features[at + Feature.depth] = log2Of(place);
    }
  }

  /** Learns how much of a chain is accepted. */
  learn({ tree, path, next }: VerifiedTree): void {
    const { chain, model } = this;
    for (let place = 0; place < chain.length && place < path.length; place++) {
      const following = path[place + 1];
      const decided = following === undefined ? next : tree.tokens[following];
      const isAccepted = chain.token(place) === decided;
      model.observe(isAccepted);
      if (!isAccepted) return;
    }
  }

  /** Whether a chain of some length, accepted as they are on average, brings more tokens a millisecond than `rate`. */
  private mayPay(most: number, { cost, rate }: AheadBounds): boolean {
    const { engine } = this.model;
    const acceptance = this.wasAsked
      ? this.model.acceptance
      : Math.max(this.model.acceptance, HOPED_ACCEPTANCE);
    const stepMs = engine.cost(1);
    let expected = 1;
    for (let length = 1, reached = acceptance; length <= most; length++, reached *= acceptance) {
      expected += reached;
      if (expected > rate * (cost(length + 1) + length * stepMs)) return true;
    }
    return false;
  }

  /** How likely the chain's token in a place is accepted where those before it are, were there no other source. */
  private chanceOf(place: number): number {
    const { offers, chain } = this;
    offers.clear();
    this.children(place, -1, offers);
    describeTokens(offers, place > 0 ? chain.token(place - 1) : -1, this.texts);
    return offers.count === 0 ? 0 : this.calibration.chanceOfFirst(this.kind, offers, place);
  }
}
