/**
 * The native context an engine computes in. On a processor it begins with as many cells as most prompts want, and is made
 * anew with more once a prompt wants them: a KV cache of the whole context takes memory for prompts that a machine may be
 * too slow to read.
 */
import { type ContextShape, createContext, wholeUnits } from "./context.ts";
import type { Library, Memory, Pointer } from "./libllama.ts";
import { isProblem } from "./modelFile.ts";
import type { SavedState } from "./savedStates.ts";

/** In the first of these the shortest budget of a prompt has room, with a completion and a tree. */
const CELLS_STEP = 1024;

/** Cells to begin with in a context of so many tokens at most. */
export const firstCells = (mostTokens: number, onProcessor: boolean): number =>
  onProcessor ? Math.min(CELLS_STEP, mostTokens) : mostTokens;

/** Brings along to a larger context what is in the one before. */
interface Carrier {
  /** A copy of what is in the present context; undefined where that is nothing. */
  take(): SavedState | undefined;
  /** Lets the larger one compute as the present one does. */
  adopt(larger: Pointer): void;
  /** Puts the copy into the larger one, which is the present one by now. */
  put(state: SavedState | undefined): void;
}

export class GrowingContext {
  private isFreed = false;
  private growing: Promise<unknown> = Promise.resolve();
  private limit: number;

  /** @param native a context of that shape but for its cells; owned from now on */
  constructor(
    private readonly library: Library,
    private readonly model: Pointer,
    private readonly shape: ContextShape,
    private native: Pointer,
  ) {
    this.limit = wholeUnits(shape.contextTokens);
  }

  /** Most tokens it can grow to; as many as it has where it was found that there is no memory for more. */
  get mostTokens(): number {
    return this.limit;
  }

  /** The context; another one once it has grown. */
  get pointer(): Pointer {
    return this.native;
  }

  get memory(): Memory {
    return this.library.memoryOf(this.native);
  }

  /** Tokens it has cells for. */
  get cells(): number {
    return this.library.contextTokens(this.native);
  }

  /** Whether it has cells for so many tokens and for `ahead` more, or can have no more than it has. */
  hasRoom(tokens: number, ahead: number): boolean {
    return Math.min(this.limit, tokens + ahead) <= this.cells;
  }

  /** Makes it larger, for so many tokens and `ahead` more. Not while it computes. */
  async grow(tokens: number, ahead: number, carrier: Carrier): Promise<"enough" | "tooFew" | "freed"> {
    const needed = Math.min(this.limit, tokens);
    const growing = this.larger(tokens + ahead);
    this.growing = growing;
    const larger = await growing;
    if (this.isFreed) {
      if (larger !== undefined) this.library.contextFree(larger);
      return "freed";
    }
    if (larger === undefined) this.limit = this.cells;
    else this.replaceBy(larger, carrier);
    return needed <= this.cells ? "enough" : "tooFew";
  }

  /** To be called once nothing computes in it any more. */
  async free(): Promise<void> {
    this.isFreed = true;
    await this.growing;
    // Whoever waited for the same context frees it first.
    await new Promise(resolve => setImmediate(resolve));
    this.library.contextFree(this.native);
  }

  /** An empty context with so many cells at least; undefined where there is no memory for it. */
  private async larger(cells: number): Promise<Pointer | undefined> {
    const contextTokens = Math.min(this.limit, Math.ceil(cells / CELLS_STEP) * CELLS_STEP);
    const made = await createContext(this.library, this.model, { ...this.shape, contextTokens });
    return isProblem(made) ? undefined : made;
  }

  private replaceBy(larger: Pointer, carrier: Carrier): void {
    const state = carrier.take();
    carrier.adopt(larger);
    this.library.contextFree(this.native);
    this.native = larger;
    carrier.put(state);
  }
}
