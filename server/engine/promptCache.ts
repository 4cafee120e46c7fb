/**
 * The parts of earlier contexts that serve the next prompt: the common beginning, the saved state of another context, or
 * parts that have moved.
 */

import type { GrowingContext } from "./growingContext.ts";
import type { KvCache } from "./kvCache.ts";
import type { Library } from "./libllama.ts";
import { planReuse, type Run } from "./reuse.ts";
import { commonPrefix, type SavedState, SavedStates } from "./savedStates.ts";
import { newStateBytes } from "./stateMemory.ts";

/** Bounds of the memory for contexts that may be wanted again; between them it is a share of the model's file. */
const SAVED_STATE_BYTES = { least: 64 << 20, most: 256 << 20 };
const SAVED_STATE_SHARE = 2 / 3;
/** Fewer tokens than this are computed again rather than copied. */
const MIN_SAVED_TOKENS = 64;

/**
 * When parts of the KV cache are moved to their positions in a changed prompt: never, always, or if computing them
 * again would keep a person waiting.
 */
export type ReuseMode = "exact" | "shifted" | "auto";
/** With `auto`, cells are moved if computing them would take longer. */
const PATIENCE_MS = 50;

interface PromptCacheDependencies {
  readonly library: Library;
  readonly context: GrowingContext;
  readonly cache: KvCache;
  /** Whether tokens can be taken back out of the cache one by one (not so for recurrent state). */
  readonly canRollBack: boolean;
  /** Whether the cells of cached tokens can be given other positions. */
  readonly canShift: boolean;
  /** Whether layers attend only to a sliding window: a copied state then has no cells from before the window. */
  readonly hasWindow: boolean;
  readonly reuse: ReuseMode;
  /** Size of the model's file. */
  readonly modelBytes: number;
  /** Milliseconds that computing so many tokens of a prompt takes. */
  prefillMs(tokens: number): number;
}

export class PromptCache {
  private readonly savedStates: SavedStates;
  /**
   * Whether anything was decoded from the context: one that was only prefilled before the text changed is not worth keeping.
   */
  private decodedFrom = false;

  constructor(private readonly parts: PromptCacheDependencies) {
    const { least, most } = SAVED_STATE_BYTES;
    const bytes = Math.min(most, Math.max(least, parts.modelBytes * SAVED_STATE_SHARE));
    this.savedStates = new SavedStates(bytes, parts.canRollBack ? MIN_SAVED_TOKENS : 0);
  }

  /**
   * Whether `begin` would keep a copy of the context: if the prompt is of another document, or of another place in a long one.
   * Text typed or undone at one place costs little to compute again. @param usable tokens that the prompt takes over, if known
   */
  isLeftFor(tokens: Int32Array, usable = this.usableFor(tokens)): boolean {
    return this.decodedFrom && this.parts.cache.length - usable >= Math.max(MIN_SAVED_TOKENS, usable);
  }

  /** Tokens at the context's beginning that a prompt can take over. */
  private usableFor(tokens: Int32Array): number {
    const { cache, canRollBack } = this.parts;
    const common = commonPrefix(cache.trunk(), tokens);
    return common === cache.length || (canRollBack && common >= cache.shortest) ? common : 0;
  }

  /**
   * Makes the context the longest prefix of `tokens` for which there is a state. Returns the parts of the old context that were
   * set aside to be moved after it.
   */
  begin(tokens: Int32Array): Run[] {
    const { cache, canRollBack, hasWindow } = this.parts;
    const usable = this.usableFor(tokens);
    if (this.isLeftFor(tokens, usable)) this.saveState();
    // If the same prompt is read again, as in pauses, the context still counts as decoded from.
    if (cache.length - usable >= usable) this.decodedFrom = false;
    const saved = this.savedStates.find(tokens, usable + MIN_SAVED_TOKENS, !canRollBack || hasWindow);
    if (saved) {
      if (!this.restoreState(saved)) return [];
      const restored = commonPrefix(saved.tokens, tokens);
      if (restored < cache.length) cache.truncate(restored);
      return [];
    }
    if (usable === cache.length) return [];
    const runs = this.mayMove(tokens.length - usable) ? planReuse(cache.trunk(), tokens, usable) : [];
    if (runs.length > 0) cache.park(runs, usable);
    else if (usable === 0) cache.clear();
    else cache.truncate(usable);
    return runs;
  }

  /** Records that something was decoded from the context. */
  decoded(): void {
    this.decodedFrom = true;
  }

  /** Forgets the states of other contexts. */
  forget(): void {
    this.savedStates.clear();
  }

  private mayMove(wantingTokens: number): boolean {
    const { canShift, reuse, prefillMs } = this.parts;
    return canShift && (reuse === "shifted" || (reuse === "auto" && prefillMs(wantingTokens) > PATIENCE_MS));
  }

  /**
   * Copies the context; undefined where it is empty, too large to be kept, or has cells that are still to be shifted.
   * @param memory of so many bytes, to copy to
   */
  copyState(memory: (bytes: number) => Uint8Array = newStateBytes): SavedState | undefined {
    const size = this.stateBytes();
    return size > 0 && this.savedStates.fits(size) ? this.readState(memory(size)) : undefined;
  }

  /** Copies the context, however large it is; undefined where it is empty or has cells that are still to be shifted. */
  copyWholeState(): SavedState | undefined {
    const size = this.stateBytes();
    return size > 0 ? this.readState(newStateBytes(size)) : undefined;
  }

  private stateBytes(): number {
    const { library, context, cache } = this.parts;
    return cache.length === 0 || cache.isShifting ? 0 : library.stateBytes(context.pointer, 0);
  }

  private readState(bytes: Uint8Array): SavedState | undefined {
    const { library, context, cache } = this.parts;
    const read = library.stateRead(context.pointer, bytes, bytes.length, 0);
    return read === bytes.length ? { tokens: cache.trunk().slice(), bytes } : undefined;
  }

  private saveState(): void {
    const { savedStates } = this;
    const tokens = this.parts.cache.trunk();
    if (savedStates.holds(tokens)) return;
    const state = this.copyState(bytes => savedStates.makeRoom(tokens, bytes));
    if (state) savedStates.keep(state);
  }

  /** Whether the state is the context now. If not, the context is empty. */
  restoreState({ tokens, bytes }: SavedState): boolean {
    const { library, context, cache, hasWindow } = this.parts;
    cache.clear();
    if (library.stateWrite(context.pointer, bytes, bytes.length, 0) !== bytes.length) {
      cache.clear();
      return false;
    }
    cache.append(tokens);
    if (hasWindow) cache.shortest = tokens.length;
    return true;
  }
}
