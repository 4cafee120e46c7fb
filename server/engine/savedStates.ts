/**
 * Contexts that were computed before and may be wanted again: another open document, the text before an
 * accepted suggestion was undone. Each is a copy of the KV cache of one sequence in ordinary memory; what is
 * copied back is equal to the last bit. The least recently used go first when the budget is exceeded.
 */

export interface SavedState {
  readonly tokens: Int32Array;
  readonly bytes: Uint8Array;
}

export function commonPrefix(a: Int32Array, b: Int32Array): number {
  const limit = Math.min(a.length, b.length);
  let i = 0;
  while (i < limit && a[i] === b[i]) i++;
  return i;
}

/** Of a small model many would fit, of places that nobody comes back to. */
const MOST_STATES = 8;

export class SavedStates {
  /** Least recently used first. */
  private states: SavedState[] = [];
  private usedBytes = 0;

  /**
   * @param budgetBytes most memory of all states together; 0 keeps none
   * @param spareTokens what another state may lack of one that is dropped for it, such as a text that was generated at
   * the same place and not taken; 0 where a state cannot be shortened
   */
  constructor(
    private readonly budgetBytes: number,
    private readonly spareTokens = 0,
  ) {}

  /** Whether a state of so many bytes would be kept. */
  fits(bytes: number): boolean {
    return bytes > 0 && bytes <= this.budgetBytes;
  }

  /** Keeps a state; those in whose place it serves are dropped. */
  keep(state: SavedState): void {
    if (!this.fits(state.bytes.length)) return;
    const isOther = ({ tokens }: SavedState) =>
      commonPrefix(tokens, state.tokens) < Math.max(1, tokens.length - this.spareTokens);
    this.states = this.states.filter(isOther);
    this.states.push(state);
    this.usedBytes = this.states.reduce((sum, { bytes }) => sum + bytes.length, 0);
    while (this.usedBytes > this.budgetBytes || this.states.length > MOST_STATES)
      this.usedBytes -= this.states.shift()?.bytes.length ?? 0;
  }

  /** Whether a state holds `tokens` and perhaps more. */
  holds(tokens: Int32Array): boolean {
    return this.states.some(state => commonPrefix(state.tokens, tokens) === tokens.length);
  }

  /**
   * The state that shares the longest beginning with `tokens`, if that is at least `least` tokens.
   * @param whole whether only states count that `tokens` continue, since a state cannot be shortened
   */
  find(tokens: Int32Array, least: number, whole: boolean): SavedState | undefined {
    let best: SavedState | undefined;
    let longest = least - 1;
    for (const state of this.states) {
      const common = commonPrefix(state.tokens, tokens);
      if (common <= longest || (whole && common < state.tokens.length)) continue;
      best = state;
      longest = common;
    }
    if (best) this.states = [...this.states.filter(state => state !== best), best];
    return best;
  }

  clear(): void {
    this.states = [];
    this.usedBytes = 0;
  }
}
