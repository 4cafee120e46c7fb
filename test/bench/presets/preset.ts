/**
 * What a method of the literature is to the benchmark: a source of drafts in place of Foretoken's, with the size
 * of tree it was published with. Everything else (prefill, verification, KV cache) is the engine's for all alike.
 */
import type { TreeDrafter } from "../../../server/draft/index.ts";

export const PRESETS = ["pld", "rest", "sam", "sam+recycling", "recycling", "pia"] as const;
export type PresetName = (typeof PRESETS)[number];

/**
 * Makes the drafter of one completion.
 * @param history tokens before the cursor, oldest first
 */
export type DrafterMaker = (history: Int32Array) => TreeDrafter;

export interface Preset {
  readonly name: PresetName;
  /** Largest tree, root included. */
  readonly nodes: number;
  /** Begins a run over many prompts: what a method keeps from one to the next begins empty. */
  begin(): DrafterMaker;
}
