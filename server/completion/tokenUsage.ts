/** Counts decoded tokens, and those that were wasted: given up before their first text, or never asked for. */
import type { DecodedTotals } from "../protocol/index.ts";

/** The tokens of one completion. */
export class CompletionUsage {
  private tokens = 0;
  private used = false;

  constructor(private readonly totals: { tokens: number; unused: number }) {}

  get isUsed(): boolean {
    return this.used;
  }

  /** Records tokens that were decoded. */
  decoded(tokens: number): void {
    this.tokens += tokens;
    this.totals.tokens += tokens;
    if (!this.used) this.totals.unused += tokens;
  }

  /** It has answered a request, with text or with the result that there is nothing to add. */
  use(): void {
    if (this.used) return;
    this.used = true;
    this.totals.unused -= this.tokens;
  }
}

export class TokenUsage {
  private readonly sums = { tokens: 0, unused: 0 };

  get totals(): DecodedTotals {
    return { ...this.sums };
  }

  begin(): CompletionUsage {
    return new CompletionUsage(this.sums);
  }

  /** Whether the tokens decoded in vain are at most `share` of all plus `tokens`, so that more may be risked. */
  affords(share: number, tokens: number): boolean {
    return this.sums.unused <= share * this.sums.tokens + tokens;
  }
}
