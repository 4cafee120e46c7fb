import type { DraftTree, TreeDrafter, VerifiedTree } from "../../server/draft/index.ts";

/** Times a source of drafts: what a step spends on its tree and on taking note of what became of it. */
export class TimedDrafter implements TreeDrafter {
  /** Milliseconds by step. */
  readonly stepsMs: number[] = [];

  constructor(private readonly drafter: TreeDrafter) {}

  prepare(): void {
    this.drafter.prepare?.();
  }

  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    this.stepsMs.push(0);
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
