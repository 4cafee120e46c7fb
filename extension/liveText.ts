import { GrowingText } from "../server/protocol/index.ts";

/**
 * The text of one completion while it arrives and while the user types along: where it began, what it
 * says so far, and whether the document still agrees with it. Knows nothing of providers or requests.
 */
export class LiveText extends GrowingText {
  /**
   * @param uri document @param anchor offset where the text begins, in UTF-16 units: the cursor, or before it the start of
   * the entry of the suggestion list that the text continues
   * @param known text between the anchor and the cursor, which the request knows of
   */
  constructor(
    readonly uri: string,
    readonly anchor: number,
    private readonly known: string,
  ) {
    super();
  }

  /** Before there is any text, only text that the request knows of agrees: a new request knows what was typed since. */
  override agrees(typed: string): boolean {
    return this.text === "" ? typed === this.known : super.agrees(typed);
  }

  /**
   * Whether the place after `typed` lies beyond it: it continues differently, or has ended there, and what follows is asked
   * for anew. A text that has ended without characters says that nothing follows.
   */
  isOver(typed: string): boolean {
    if (!this.agrees(typed)) return true;
    return this.done && this.text !== "" && this.text === typed;
  }

  finish(): void {
    this.close();
  }
}
