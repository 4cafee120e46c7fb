/** Parts of a shard's stream that drafts must not use any more: documents that were removed on request. */
import type { DocumentTable } from "./documents.ts";

export class Exclusions {
  private readonly documents = new Set<number>();
  /** Starts of documents, ascending, and their ends. */
  private starts = new Float64Array(0);
  private ends = new Float64Array(0);

  get count(): number {
    return this.documents.size;
  }

  has(document: number): boolean {
    return this.documents.has(document);
  }

  /** Excludes documents by their index. Throws as the table does, and then excludes none of them. */
  add(documents: Iterable<number>, table: DocumentTable): void {
    const spans = [...new Set([...this.documents, ...documents])]
      .map(index => ({ index, ...table.get(index) }))
      .sort((a, b) => a.start - b.start || a.length - b.length);
    for (const { index } of spans) this.documents.add(index);
    this.starts = Float64Array.from(spans, ({ start }) => start);
    this.ends = Float64Array.from(spans, ({ start, length }) => start + length);
  }

  /** Whether the token at a position belongs to an excluded document. */
  covers(position: number): boolean {
    const { starts } = this;
    let low = -1;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low >= 0 && position < this.ends[low];
  }

  /** Moves those of the first `count` positions that are not covered to the front of an array; returns their number. */
  sift(positions: Uint32Array, count: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) if (!this.covers(positions[i])) positions[kept++] = positions[i];
    return kept;
  }
}
