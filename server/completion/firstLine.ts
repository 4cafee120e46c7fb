/** The first line of a completion while it is generated. */
export class FirstLine {
  /** Whether the line is complete. */
  isWhole = false;
  private hasBegun = false;
  private tokens = 0;
  private sum = 0;

  /** @param text what the token adds to the text @param probability what the model gave it, where that is known */
  push(text: string, probability: number | undefined): void {
    if (this.isWhole) return;
    const begins = this.hasBegun ? 0 : text.search(/\S/);
    // Blanks before the line do not belong to it.
    if (begins < 0) return;
    const end = text.indexOf("\n", begins);
    this.isWhole = end >= 0;
    // The probability of a token that only ends the line says nothing about the line.
    if (end === 0) return;
    this.hasBegun = true;
    if (probability === undefined) return;
    this.tokens++;
    this.sum += probability;
  }

  /** The mean probability of its tokens; undefined where none is known. */
  get confidence(): number | undefined {
    return this.tokens > 0 ? this.sum / this.tokens : undefined;
  }
}
