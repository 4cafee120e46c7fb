/** The longest matches of a search, longest first; among equal ones the first inserted stays first. */
export class MatchList {
  count = 0;
  /** Length of each match, in tokens. */
  readonly lengths: Int32Array;
  /** Where each continues: the position after the match. */
  readonly nexts: Int32Array;

  /** @param most number of matches that are kept; longer ones replace shorter ones */
  constructor(private readonly most: number) {
    this.lengths = new Int32Array(most);
    this.nexts = new Int32Array(most);
  }

  clear(): void {
    this.count = 0;
  }

  insert(length: number, next: number): void {
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
