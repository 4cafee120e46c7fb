/** The gains and costs of each source of drafts so far. */
import { SOURCE_NAMES, type SourceName } from "./source.ts";

interface SourceStatistics {
  readonly name: SourceName;
  /** Tokens drafted, each counted for the source that was surest of it, and how many the model generated. */
  readonly proposed: number;
  readonly accepted: number;
  /** Tokens accepted in a row at a step in which something was drafted, on average. */
  readonly meanAcceptedLength: number;
  /** Milliseconds spent on searching. */
  readonly searchMs: number;
}

export class DraftStatistics {
  private readonly proposed = new Float64Array(SOURCE_NAMES.length);
  private readonly accepted = new Float64Array(SOURCE_NAMES.length);
  private readonly steps = new Float64Array(SOURCE_NAMES.length);
  private readonly searchMs = new Float64Array(SOURCE_NAMES.length);

  /** Records a source's part in one step. */
  step(source: number, proposed: number, accepted: number, searchMs: number): void {
    this.searchMs[source] += searchMs;
    if (proposed === 0) return;
    this.steps[source]++;
    this.proposed[source] += proposed;
    this.accepted[source] += accepted;
  }

  /** The sources that drafted or searched, in the order of `SOURCE_NAMES`. */
  figures(): SourceStatistics[] {
    return SOURCE_NAMES.map((name, source) => ({
      name,
      proposed: this.proposed[source],
      accepted: this.accepted[source],
      meanAcceptedLength: this.steps[source] === 0 ? 0 : this.accepted[source] / this.steps[source],
      searchMs: this.searchMs[source],
    })).filter(({ proposed, searchMs }) => proposed > 0 || searchMs > 0);
  }
}
