/**
 * The native context an engine computes in. On a processor it begins with as many cells as most prompts need, and is replaced
 * by a larger one once a prompt needs more: a KV cache of the whole context takes memory for prompts that a machine may be too
 * slow to read.
 */
import { anotherContext, type ContextShape } from "./context.ts";
import type { Library, Memory, Pointer } from "./libllama.ts";
import type { SavedState } from "./savedStates.ts";

/** Enough for the shortest budget of a prompt, a completion and a tree. */
export const FIRST_CELLS = 1024;

/** Moves the content of a context to the larger one that replaces it. */
interface Carrier {
  /** A copy of the present context's content; undefined if it is empty. */
  take(): SavedState | undefined;
  /** Sets the larger one up to compute with the same threads and to be aborted in the same way. */
  adopt(larger: Pointer): void;
  /** Puts the copy into the larger context, which is now the present one. */
  put(state: SavedState | undefined): void;
}

/** Facts that each decode needs; the library is asked for them once. */
interface NativeContext {
  readonly pointer: Pointer;
  readonly memory: Memory;
  readonly cells: number;
}

export class GrowingContext {
  private present: NativeContext;
  private isFreed = false;
  private growing: Promise<unknown> = Promise.resolve();

  /**
   * @param limit most tokens that it is to hold; its cells may be some more
   * @param native a context of that shape but for its cells; owned from now on
   */
  constructor(
    private readonly library: Library,
    private readonly model: Pointer,
    private readonly shape: ContextShape,
    private limit: number,
    native: Pointer,
  ) {
    this.present = this.factsOf(native);
  }

  /** Most tokens it can grow to; its present size once there was no memory for more. */
  get mostTokens(): number {
    return this.limit;
  }

  /** The context; another one once it has grown. */
  get pointer(): Pointer {
    return this.present.pointer;
  }

  get memory(): Memory {
    return this.present.memory;
  }

  /** Tokens it has cells for. */
  get cells(): number {
    return this.present.cells;
  }

  /** Whether it has cells for `tokens` and `ahead` more, or cannot grow any further. */
  hasRoom(tokens: number, ahead: number): boolean {
    return Math.min(this.limit, tokens + ahead) <= this.cells;
  }

  /**
   * Makes it larger, for `tokens` and `ahead` more; at least twice as large, since its content is copied. Not while it
   * computes. If there is no memory, it keeps its present size from then on.
   */
  async grow(tokens: number, ahead: number, carrier: Carrier): Promise<"enough" | "tooFew" | "freed"> {
    const needed = Math.min(this.limit, tokens);
    const growing = this.larger(Math.max(tokens + ahead, 2 * this.cells));
    this.growing = growing;
    const larger = await growing;
    if (this.isFreed) {
      if (larger !== null) this.library.contextFree(larger);
      return "freed";
    }
    if (larger === null || !this.replaceBy(larger, carrier)) this.limit = this.cells;
    return needed <= this.cells ? "enough" : "tooFew";
  }

  /** To be called once nothing computes in it any more. */
  async free(): Promise<void> {
    this.isFreed = true;
    await this.growing;
    // A larger context that has just been made is freed by `grow` first.
    await new Promise(resolve => setImmediate(resolve));
    this.library.contextFree(this.pointer);
  }

  private factsOf(pointer: Pointer): NativeContext {
    const { library } = this;
    return { pointer, memory: library.memoryOf(pointer), cells: library.contextTokens(pointer) };
  }

  /** An empty context with so many cells at least; null where there is no memory for it. */
  private larger(cells: number): Promise<Pointer> {
    const contextTokens = Math.min(this.limit, cells);
    return anotherContext(this.library, this.model, { ...this.shape, contextTokens });
  }

  /** False, with the larger one freed, if there is no memory for a copy of the content. */
  private replaceBy(larger: Pointer, carrier: Carrier): boolean {
    let state: SavedState | undefined;
    try {
      state = carrier.take();
    } catch (error) {
      this.library.contextFree(larger);
      if (error instanceof RangeError) return false;
      throw error;
    }
    carrier.adopt(larger);
    this.library.contextFree(this.pointer);
    this.present = this.factsOf(larger);
    carrier.put(state);
    return true;
  }
}
