/**
 * Rests a source of drafts that costs more time than it saves: the search, and the nodes it puts into trees,
 * against the decodes that accepted nodes have spared.
 */

/** Weight of the newest step in the averages. */
const NEWEST = 1 / 16;
/** Steps every source may show what it is worth. */
const TRIAL_STEPS = 24;
/** A resting source is asked at every so many steps, since the next file may be one it knows. */
const RESTING_STEPS = 16;

export class SourceThrottle {
  private steps = 0;
  private spentMs = 0;
  private savedMs = 0;

  /** Whether the source is to be asked at this step. */
  isDue(): boolean {
    const step = this.steps++;
    return step < TRIAL_STEPS || this.savedMs >= this.spentMs || step % RESTING_STEPS === 0;
  }

  /** Records a step at which the source was asked. */
  record(spentMs: number, savedMs: number): void {
    this.spentMs += NEWEST * (spentMs - this.spentMs);
    this.savedMs += NEWEST * (savedMs - this.savedMs);
  }
}
