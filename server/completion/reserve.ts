/**
 * Texts that are only suggested when the user asks. A text is held back until it is known not to be one of these, so that shown
 * text is never taken back.
 */
import { closesOnly, type Place } from "../postprocess/index.ts";
import type { FirstLine } from "./firstLine.ts";

/** Why a text that was generated is not shown. */
type Withheld = "closersOnly" | "lowConfidence";

export interface ReserveOptions {
  /** Lowest mean probability of the tokens of the first line; 0 accepts any. */
  readonly minConfidence: number;
}

/** Ends at which the model has generated text that is not shown. */
export const isWithheld = (finishReason: string): finishReason is Withheld =>
  finishReason === "closersOnly" || finishReason === "lowConfidence";

/** One completion's text as it grows. Without options it is shown whatever it is. */
export class Reserve {
  private isShown: boolean;

  constructor(
    private readonly place: Pick<Place, "start">,
    private readonly options: ReserveOptions | undefined,
  ) {
    this.isShown = options === undefined;
  }

  /** Whether it depends on the probabilities of the first line. */
  get asksForConfidence(): boolean {
    return !this.isShown && (this.options?.minConfidence ?? 0) > 0;
  }

  /** Whether the text so far is shown, or why not. @param isOver whether it will not grow */
  verdict(text: string, firstLine: FirstLine, isOver: boolean): "shown" | "undecided" | Withheld {
    if (this.isShown || (text === "" && isOver)) return "shown";
    const { minConfidence = 0 } = this.options ?? {};
    const isLineKnown = minConfidence === 0 || firstLine.isWhole || isOver;
    if (isLineKnown && (firstLine.confidence ?? 1) < minConfidence) return "lowConfidence";
    if (closesOnly(text, this.place)) return isOver ? "closersOnly" : "undecided";
    if (text === "" || !isLineKnown) return "undecided";
    this.isShown = true;
    return "shown";
  }
}
