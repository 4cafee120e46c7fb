/** How long the first text of a completion is held back for the rest of it. */
import type { CompletionFigures } from "../server/protocol/index.ts";

/**
 * A fast model is done by then, and its text is drawn whole, while text that grows later takes VS Code more than a
 * tenth of a second to show.
 */
const HOLD_BACK_MS = 20;
/** A model whose rest takes this much longer is not done by then: its first text is shown at once. */
const SLOW_FACTOR = 3;

/** Milliseconds, by what the last completion took; the same model most likely takes as long again. */
export function holdBackMs(last: CompletionFigures | undefined): number {
  if (last?.firstTextMs === undefined) return HOLD_BACK_MS;
  return last.totalMs - last.firstTextMs > SLOW_FACTOR * HOLD_BACK_MS ? 0 : HOLD_BACK_MS;
}
