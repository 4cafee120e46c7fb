/** The last completion that somebody waited for, and the sizes of trees, as the dashboard shows them. */
import type { Engine } from "../engine/index.ts";
import type { DrawnCompletion } from "../protocol/index.ts";
import type { Completion } from "./complete.ts";

export class LastCompletion {
  private last: { readonly engine: Engine; readonly completion: Completion } | undefined;
  private count = 0;
  private sizes: number[] = [];

  /** Records a completion of the loaded model. */
  completed(engine: Engine, completion: Completion): void {
    this.last = { engine, completion };
    this.count++;
    for (const size of completion.trace.treeSizes) {
      while (this.sizes.length < size) this.sizes.push(0);
      this.sizes[size - 1] = (this.sizes[size - 1] ?? 0) + 1;
    }
  }

  /** Another model was loaded. */
  clear(): void {
    this.last = undefined;
    this.sizes = [];
  }

  /** How many decodes had a tree of n nodes, from n = 1. */
  get treeSizes(): readonly number[] {
    return this.sizes;
  }

  /** @param isLoaded whether a model is loaded: the texts of a freed model's tokens are no longer known */
  drawn(isLoaded: (engine: Engine) => boolean): DrawnCompletion | undefined {
    if (!this.last || !isLoaded(this.last.engine)) return undefined;
    const { engine, completion } = this.last;
    return completion.trace.draw(this.count, completion.finishReason, engine.vocabulary);
  }
}
