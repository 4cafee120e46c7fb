/**
 * The native context an engine computes in. On a processor it begins with as many cells as most prompts want, and is made
 * anew with more once a prompt wants them: a KV cache of the whole context takes memory for prompts that a machine may be
 * too slow to read.
 */
import { type ContextShape, createContext, wholeUnits } from "./context.ts";
import type { Library, Memory, Pointer } from "./libllama.ts";
import { isProblem } from "./modelFile.ts";

/** In the first of these the shortest budget of a prompt has room, with a completion and a tree. */
const CELLS_STEP = 1024;

/** Cells to begin with in a context of so many tokens at most. */
export const firstCells = (mostTokens: number, onProcessor: boolean): number =>
  onProcessor ? Math.min(CELLS_STEP, mostTokens) : mostTokens;

export class GrowingContext {
  /** @param native a context of that shape but for its cells; owned from now on */
  constructor(
    private readonly library: Library,
    private readonly model: Pointer,
    private readonly shape: ContextShape,
    private native: Pointer,
  ) {}

  /** Most tokens it can grow to. */
  get mostTokens(): number {
    return wholeUnits(this.shape.contextTokens);
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

  /** An empty context with so many cells at least, for `replaceBy`; undefined where there is no memory for it. */
  async larger(cells: number): Promise<Pointer | undefined> {
    const contextTokens = Math.min(this.mostTokens, Math.ceil(cells / CELLS_STEP) * CELLS_STEP);
    const made = await createContext(this.library, this.model, { ...this.shape, contextTokens });
    return isProblem(made) ? undefined : made;
  }

  /** Frees the present context and takes another one in its place. */
  replaceBy(larger: Pointer): void {
    this.free();
    this.native = larger;
  }

  free(): void {
    this.library.contextFree(this.native);
  }
}
