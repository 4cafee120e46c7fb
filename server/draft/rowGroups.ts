/**
 * Rows of evidence that have gone on alike so far, as groups. All lie in one array, as ranges of row numbers, and are
 * made anew at each step. A group's number is the cursor that is offered with its token.
 */
import { NO_CURSOR, ROOT_CURSOR } from "./source.ts";

/** Groups and row numbers of a step; what is beyond is not followed. */
const MAX_GROUPS = 1024;
const MAX_MEMBERS = 8192;

export class RowGroups {
  count = 0;
  /** Row numbers; a group's are `members[start[group]..end[group])`. */
  readonly members = new Int32Array(MAX_MEMBERS);
  readonly start = new Int32Array(MAX_GROUPS);
  readonly end = new Int32Array(MAX_GROUPS);
  /** Tokens that a group's rows have gone on alike. */
  readonly depth = new Int32Array(MAX_GROUPS);

  clear(): void {
    this.count = 0;
  }

  /** Begins anew with one group, the root's, of the rows [0, `rows`). */
  begin(rows: number): void {
    this.count = 0;
    this.open(0, rows);
    for (let row = 0; row < rows; row++) this.members[row] = row;
    this.end[ROOT_CURSOR] = rows;
  }

  /**
   * Opens an empty group and returns its number; `NO_CURSOR` where there is no room for `most` rows. Who opens it
   * writes its rows from `start` on, and its `end`, before the next one is opened.
   */
  open(depth: number, most: number): number {
    const first = this.count === 0 ? 0 : this.end[this.count - 1];
    if (this.count >= MAX_GROUPS || first + most > MAX_MEMBERS) return NO_CURSOR;
    this.start[this.count] = first;
    this.end[this.count] = first;
    this.depth[this.count] = depth;
    return this.count++;
  }
}
