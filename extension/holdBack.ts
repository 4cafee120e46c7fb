/** How long the first text of a completion is held back to be shown together with the rest. */
import type { CompletionFigures } from "../server/protocol/index.ts";

/**
 * A fast model is done within this time, and its text is drawn at once; text that grows later takes VS Code more than a
 * tenth of a second to show.
 */
const HOLD_BACK_MS = 20;
/** If the rest takes a model this much longer, it would not be done in time: its first text is shown at once. */
const SLOW_FACTOR = 3;

/** Milliseconds, according to the time of the last completion: the same model most likely takes as long again. */
export function holdBackMs(last: CompletionFigures | undefined): number {
  if (last?.firstTextMs === undefined) return HOLD_BACK_MS;
  return last.totalMs - last.firstTextMs > SLOW_FACTOR * HOLD_BACK_MS ? 0 : HOLD_BACK_MS;
}
