/**
 * Pauses a source of drafts that costs more time than it saves: the time of its searches and of its nodes in trees
 * is compared with the decodes that accepted nodes have saved.
 */

/** Weight of the newest step in the averages. */
const NEWEST = 1 / 16;
/** Length of the trial in which every source may show its worth: at most so many steps, and so many milliseconds. */
const TRIAL_STEPS = 24;
const TRIAL_MS = 40;
/**
 * A paused source is asked from time to time, because it may know the next file: once in so many steps, and rarely enough to
 * take at most this share of the decodes' time. A search in a store whose file is not in memory takes longer than a decode.
 */
const RESTING_STEPS = { least: 16, most: 1024 };
const RESTING_SHARE = 0.01;
/** A source that pauses for whole completions is asked in one of so many completions, at so many steps. */
const RESTING_COMPLETIONS = 16;
const PROBING_STEPS = 8;
/** Its trial is shorter, since asking it is expensive. */
const SHORT_TRIAL_STEPS = 12;

/** Says when a source is asked. */
export interface Throttle {
  /** Whether the source is to be asked at this step. */
  isDue(): boolean;
  /** Records a step at which the source was asked. @param decodeMs what a decode of a single node takes */
  record(spentMs: number, savedMs: number, decodeMs: number): void;
}

/** What a source has cost and saved recently. */
class Worth {
  private steps = 0;
  private trialMs = 0;
  private spentMs = 0;
  private savedMs = 0;

  constructor(
    private readonly trialSteps: number,
    private readonly mostTrialMs = Number.POSITIVE_INFINITY,
  ) {}

  /** Whether it is still on trial, or saves at least what it costs. @param steps so far */
  pays(steps = this.steps): boolean {
    const isOnTrial = steps < this.trialSteps && this.trialMs < this.mostTrialMs;
    return isOnTrial || this.savedMs >= this.spentMs;
  }

  record(spentMs: number, savedMs: number): void {
    this.steps++;
    this.trialMs += spentMs;
    this.spentMs += NEWEST * (spentMs - this.spentMs);
    this.savedMs += NEWEST * (savedMs - this.savedMs);
  }
}

export class SourceThrottle implements Throttle {
  private steps = 0;
  private readonly worth = new Worth(TRIAL_STEPS, TRIAL_MS);
  /** While it is paused: steps between two at which it is asked, and steps since the last one. */
  private interval: number = RESTING_STEPS.least;
  private rested = 0;

  isDue(): boolean {
    const isDue = this.worth.pays(this.steps++) || this.rested + 1 >= this.interval;
    this.rested = isDue ? 0 : this.rested + 1;
    return isDue;
  }

  record(spentMs: number, savedMs: number, decodeMs: number): void {
    this.worth.record(spentMs, savedMs);
    const steps = Math.ceil(spentMs / (RESTING_SHARE * decodeMs));
    this.interval = Math.min(RESTING_STEPS.most, Math.max(RESTING_STEPS.least, steps));
  }
}

/**
 * For a source that must read a prompt before it can be asked, which costs time too: it pauses for whole completions.
 */
export class CompletionThrottle implements Throttle {
  private readonly worth = new Worth(SHORT_TRIAL_STEPS);
  private resting = 0;
  /** Steps of this completion at which the source may be asked although it does not pay. */
  private probes = 0;
  /** Time that was spent before the steps it serves and is not recorded yet. */
  private owedMs = 0;
  private isStopped = false;

  /** Whether the source costs more than it saves, after its trial. */
  get isResting(): boolean {
    return this.isStopped || !this.worth.pays();
  }

  /** The source is asked no more. */
  stop(): void {
    this.isStopped = true;
    this.probes = 0;
  }

  /** Begins a completion. Returns whether the source may be asked in it. */
  begin(): boolean {
    const isProbing = this.isResting && !this.isStopped && ++this.resting % RESTING_COMPLETIONS === 0;
    this.probes = isProbing ? PROBING_STEPS : 0;
    return isProbing || !this.isResting;
  }

  isDue(): boolean {
    return !this.isResting || this.probes-- > 0;
  }

  /** Notes time spent on a prompt: it is recorded bit by bit with the steps that follow, which it serves. */
  spend(ms: number): void {
    this.owedMs += ms;
  }

  record(spentMs: number, savedMs: number): void {
    const due = this.owedMs * NEWEST;
    this.owedMs -= due;
    this.worth.record(spentMs + due, savedMs);
  }
}
