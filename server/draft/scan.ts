/** The places in a short text where the end of another occurred, found by looking at all of them. */

const LONGEST_MATCH = 32;

/** Result of a scan: the longest matches, longest first, of equal ones the one that stands last first. */
export class Scan {
  count = 0;
  /** Tokens that agree before each place, and where the text goes on. */
  readonly lengths: Int32Array;
  readonly nexts: Int32Array;

  /** @param most most places that are kept */
  constructor(private readonly most: number) {
    this.lengths = new Int32Array(most);
    this.nexts = new Int32Array(most);
  }

  /**
   * Looks through `text[0..size)` for the end of `context[0..end)`. Negative tokens of the text part it.
   * @param shortest fewest tokens that agree
   */
  search(text: Int32Array, size: number, context: Int32Array, end: number, shortest: number): void {
    this.count = 0;
    if (end === 0) return;
    const last = context[end - 1];
    for (let at = size - 2; at >= 0; at--) {
      if (text[at] !== last || text[at + 1] < 0) continue;
      const limit = Math.min(LONGEST_MATCH, at + 1, end);
      let length = 1;
      while (length < limit && text[at - length] === context[end - 1 - length]) length++;
      if (length >= shortest) this.insert(length, at + 1);
    }
  }

  private insert(length: number, next: number): void {
    const { lengths, nexts, most } = this;
    let place = this.count;
    while (place > 0 && lengths[place - 1] < length) place--;
    if (place >= most) return;
    this.count = Math.min(most, this.count + 1);
    lengths.copyWithin(place + 1, place, this.count - 1);
    nexts.copyWithin(place + 1, place, this.count - 1);
    lengths[place] = length;
    nexts[place] = next;
  }
}
