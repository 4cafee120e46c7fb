import type { DraftTree, TreeDrafter, VerifiedTree } from "../../server/draft/index.ts";

/** Times a source of drafts: a step's time for making its tree and for recording the outcome. */
export class TimedDrafter implements TreeDrafter {
  /** Milliseconds by step. */
  readonly stepsMs: number[] = [];

  constructor(private readonly drafter: TreeDrafter) {}

  prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> | void {
    return this.drafter.prepare?.(prompt, filled, signal);
  }

  /** Begins a step: all time until the next one counts for it. */
  draftAhead(
    root: number,
    room: number,
    cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    const step = this.stepsMs.push(0) - 1;
    const start = performance.now();
    return this.drafter.draftAhead?.(root, room, cost, signal)?.then(() => {
      this.stepsMs[step] = performance.now() - start;
    });
  }

  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    return this.timed(() => this.drafter.draft(root, room, cost));
  }

  observe(verified: VerifiedTree): void {
    this.timed(() => this.drafter.observe?.(verified));
  }

  push(token: number): void {
    this.timed(() => this.drafter.push(token));
  }

  private timed<T>(work: () => T): T {
    const start = performance.now();
    const result = work();
    const last = this.stepsMs.length - 1;
    this.stepsMs[last] = (this.stepsMs[last] ?? 0) + performance.now() - start;
    return result;
  }
}
