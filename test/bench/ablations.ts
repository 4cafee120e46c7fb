/** Foretoken with a part left out, to measure the benefit of the part. */
import {
  Calibration,
  type DraftMemoryOptions,
  type DraftTree,
  FEATURE_COUNT,
  Feature,
  SOURCE_NAMES,
  type SourceName,
  type TreeDrafter,
  type VerifiedTree,
} from "../../server/draft/index.ts";

export const ABLATIONS = [
  "no-document",
  "no-ahead",
  "no-recent",
  "no-workspace",
  "no-datastore",
  "no-recycling",
  "raw-counts",
  "fixed-16",
  "fixed-63",
  "oracle",
] as const;
export type Ablation = (typeof ABLATIONS)[number];

export interface AblationOptions {
  readonly memory: DraftMemoryOptions;
  /** Size of all trees, whatever they cost; undefined: as large as they pay. */
  readonly fixedNodes: number | undefined;
  /** Whether exactly the model's next tokens are drafted. */
  readonly oracle?: boolean;
}

export function ablationOptions(ablation: Ablation): AblationOptions {
  if (ablation === "fixed-16" || ablation === "fixed-63")
    return { memory: {}, fixedNodes: Number(ablation.slice("fixed-".length)) };
  if (ablation === "oracle") return { memory: {}, fixedNodes: undefined, oracle: true };
  if (ablation === "raw-counts") return { memory: { calibration: rawCounts() }, fixedNodes: undefined };
  const left = ablation.slice("no-".length) as SourceName;
  return { memory: { without: [left] }, fixedNodes: undefined };
}

/** Each token's probability is its share of its source's continuations, and nothing is learned. */
function rawCounts(): Calibration {
  const prior = new Array<number>(SOURCE_NAMES.length * FEATURE_COUNT + 2).fill(0);
  for (let source = 0; source < SOURCE_NAMES.length; source++)
    prior[source * FEATURE_COUNT + Feature.share] = Math.LN2;
  prior[SOURCE_NAMES.length * FEATURE_COUNT] = CERTAIN;
  return new Calibration({ prior, rate: 0, pull: 0 });
}

/** A score for "none of them" that makes that nearly impossible. */
const CERTAIN = -10;

/** Drafts trees of a fixed size, if there are enough drafts. */
export class FixedSizeDrafter implements TreeDrafter {
  constructor(
    private readonly drafter: TreeDrafter,
    private readonly nodes: number,
  ) {}

  prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> | void {
    return this.drafter.prepare?.(prompt, filled, signal);
  }

  push(token: number): void {
    this.drafter.push(token);
  }

  draft(root: number, room: number): DraftTree {
    return this.drafter.draft(root, Math.min(room, this.nodes), () => 1);
  }

  observe(verified: VerifiedTree): void {
    this.drafter.observe?.(verified);
  }
}
