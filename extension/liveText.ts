import { GrowingText } from "../server/protocol/index.ts";

/**
 * The text of one completion while it arrives and while the user types along: where it began, what it
 * says so far, and whether the document still agrees with it. Knows nothing of providers or requests.
 */
export class LiveText extends GrowingText {
  /** @param uri document @param anchor offset of the cursor the text was asked for at, in UTF-16 units */
  constructor(
    readonly uri: string,
    readonly anchor: number,
  ) {
    super();
  }

  finish(): void {
    this.close();
  }
}
