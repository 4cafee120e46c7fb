/**
 * How many threads a decode should have while other programs use processors as well. The threads of a decode wait for each
 * other many times a layer, so a thread without a processor stops all of them: while another program is busy, a decode with two
 * threads on two processors takes seven times as long as with one.
 */
import { availableParallelism, cpus } from "node:os";

/** Processor time so far, in milliseconds: of this process, and of the whole machine. */
interface ProcessorTimes {
  readonly own: number;
  readonly all: number;
}

/** Least time between two measurements. */
const LOOK_MS = 250;
/** A processor counts as free if at least this share of it is. */
const FREE_SHARE = 0.6;
/** Weight of the latest measurement. */
const LATEST = 0.6;

export class ThreadGovernor {
  private last: { readonly at: number; readonly times: ProcessorTimes };
  /** Processors that other programs keep busy, averaged. */
  private busyElsewhere = 0;

  constructor(
    // Some containers hide what the processors are.
    private readonly processors = cpus().length || availableParallelism(),
    private readonly read: () => ProcessorTimes = readTimes,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.last = { at: now(), times: read() };
  }

  /** Processors that other programs keep busy, from 0 to all. */
  get load(): number {
    this.look();
    return this.busyElsewhere;
  }

  /** Threads for the next decode. @param wanted the best number on an idle machine */
  threads(wanted: number): number {
    if (wanted < 2) return wanted;
    this.look();
    const free = this.processors - this.busyElsewhere;
    return Math.max(1, Math.min(wanted, Math.floor(free + 1 - FREE_SHARE)));
  }

  private look(): void {
    const at = this.now();
    const { last } = this;
    if (at - last.at < LOOK_MS) return;
    const times = this.read();
    this.last = { at, times };
    const others = times.all - last.times.all - (times.own - last.times.own);
    const busy = Math.min(this.processors, Math.max(0, others / (at - last.at)));
    // Not a number where the platform reports no processor times.
    if (!Number.isFinite(busy)) return;
    // After a pause the average is out of date.
    const weight = at - last.at > 4 * LOOK_MS ? 1 : LATEST;
    this.busyElsewhere += weight * (busy - this.busyElsewhere);
  }
}

function readTimes(): ProcessorTimes {
  const { user, system } = process.cpuUsage();
  let all = 0;
  // Programs of low priority ("nice") count too: if the kernel groups programs by session, they do not give way.
  for (const { times } of cpus()) all += times.user + times.nice + times.sys + times.irq;
  return { own: (user + system) / 1000, all };
}
