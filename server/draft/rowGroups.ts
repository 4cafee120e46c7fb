/**
 * Groups of rows of evidence with the same continuation so far. All lie in one array, as ranges of row numbers, and are
 * rebuilt at each step. A group's number is the cursor that is offered with its token.
 */
import { grown } from "./grown.ts";
import { NO_CURSOR, ROOT_CURSOR } from "./source.ts";

/** Most groups and row numbers of a step; further ones are not followed. */
const MAX_GROUPS = 1024;
const MAX_MEMBERS = 8192;
/** Initial capacities: more than most steps need. */
const FEW_GROUPS = 64;
const FEW_MEMBERS = 256;

export class RowGroups {
  count = 0;
  /** Row numbers; a group's are `members[start[group]..end[group])`. */
  members = new Int32Array(FEW_MEMBERS);
  start = new Int32Array(FEW_GROUPS);
  end = new Int32Array(FEW_GROUPS);
  /** Length of the continuation that a group's rows share, in tokens. */
  depth = new Int32Array(FEW_GROUPS);

  /** Begins anew with one group, the root's, of the rows [0, `rows`). */
  begin(rows: number): void {
    this.count = 0;
    this.open(0, rows);
    for (let row = 0; row < rows; row++) this.members[row] = row;
    this.end[ROOT_CURSOR] = rows;
  }

  /**
   * Opens an empty group and returns its number; `NO_CURSOR` if there is no room for `most` rows. The caller writes its
   * rows from `start` on, and its `end`, before it opens the next one. The arrays may be replaced by the call.
   */
  open(depth: number, most: number): number {
    const first = this.count === 0 ? 0 : this.end[this.count - 1];
    if (this.count >= MAX_GROUPS || first + most > MAX_MEMBERS) return NO_CURSOR;
    if (first + most > this.members.length)
      this.members = grown(this.members, Math.min(MAX_MEMBERS, 2 * (first + most)));
    if (this.count === this.start.length)
      for (const name of ["start", "end", "depth"] as const) this[name] = grown(this[name], 2 * this.count);
    this.start[this.count] = first;
    this.end[this.count] = first;
    this.depth[this.count] = depth;
    return this.count++;
  }
}
