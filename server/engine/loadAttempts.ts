/**
 * Loads that may end the process, for example because of a broken graphics driver or a damaged model file. Each attempt has a
 * file while it is under way, so a file that is left after the process is gone means that the load was interrupted. A process
 * that exits normally removes its files. Several windows that start at the same time, or one process that is killed, prove
 * nothing: only repeated interruptions count.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, processIsAlive } from "../system/index.ts";

interface Attempt {
  readonly subject: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Older interruptions are forgotten: the machine may have been changed since. */
const MEMORY_MS = 24 * 60 * 60_000;
/**
 * Interruptions within this time count as one: several windows that were closed together. A server that ends as soon as it
 * loads is started again so soon that more time would hide this.
 */
const SAME_MOMENT_MS = 4_000;
/** No load takes longer; after this time a process with the same id is another one. */
const LONGEST_LOAD_MS = 30 * 60_000;
/** With this many interruptions a load is only tried when the user asks for it. */
const TOO_MANY = 2;

/** Files of the attempts under way in this process. */
const underWay = new Set<string>();
/** Set once this process has been told to end. */
let isEnding = false;

/**
 * Removes the files of the attempts under way and makes no more, because this process has been told to end. If it is killed
 * before they are over, which it cannot notice on Windows, they would count as interrupted.
 */
export function stopRecordingLoads(): void {
  isEnding = true;
  removeAll();
}

function removeAll(): void {
  for (const file of underWay) remove(file);
}

const nameOf = (subject: string) => createHash("sha256").update(subject).digest("hex").slice(0, 16);

export class LoadAttempts {
  private readonly folder: string;

  /** @param cacheDirectory folder in which attempts are kept; one that cannot be written keeps none */
  constructor(
    cacheDirectory: string,
    private readonly isAlive: (pid: number) => boolean = processIsAlive,
    private readonly now: () => number = Date.now,
  ) {
    this.folder = join(cacheDirectory, "attempts");
  }

  /** Notes that a load begins. @param subject what is loaded, with all that another outcome may depend on */
  begin(subject: string): LoadAttempt {
    const file = join(this.folder, `${nameOf(subject)}.${process.pid}.json`);
    if (isEnding) return { ended: () => {}, succeeded: () => this.forget(subject) };
    if (underWay.size === 0) process.on("exit", removeAll);
    underWay.add(file);
    try {
      makeFolder(this.folder);
      writeFileSync(file, JSON.stringify({ subject, pid: process.pid, at: this.now() } satisfies Attempt));
    } catch {
      // Without the file an interruption is not noticed; nothing else changes.
    }
    return {
      ended: () => end(file),
      succeeded: () => {
        end(file);
        this.forget(subject);
      },
    };
  }

  /** Whether loads of the subject were interrupted so often that it should only be tried when the user asks for it. */
  isDistrusted(subject: string): boolean {
    let moments = 0;
    let last = Number.NEGATIVE_INFINITY;
    for (const at of this.interrupted(subject).sort((a, b) => a - b)) {
      if (at - last <= SAME_MOMENT_MS) continue;
      moments++;
      last = at;
    }
    return moments >= TOO_MANY;
  }

  /** Whether a load of the subject was interrupted, for whatever reason. */
  wasInterrupted(subject: string): boolean {
    return this.interrupted(subject).length > 0;
  }

  /** Forgets the interruptions of one subject or, when a person asks for another try, of all. */
  forget(subject?: string): void {
    for (const { file, attempt } of this.read())
      if (subject === undefined ? !this.isUnderWay(attempt) : attempt.subject === subject) remove(file);
  }

  private interrupted(subject: string): number[] {
    const since = this.now() - MEMORY_MS;
    return this.read()
      .map(({ attempt }) => attempt)
      .filter(attempt => attempt.subject === subject && attempt.at >= since && !this.isUnderWay(attempt))
      .map(({ at }) => at);
  }

  private isUnderWay({ pid, at }: Attempt): boolean {
    return this.isAlive(pid) && this.now() - at < LONGEST_LOAD_MS;
  }

  private read(): { readonly file: string; readonly attempt: Attempt }[] {
    let names: string[];
    try {
      names = readdirSync(this.folder);
    } catch {
      return [];
    }
    return names.flatMap(name => {
      const file = join(this.folder, name);
      try {
        const attempt = JSON.parse(readFileSync(file, "utf8")) as Attempt;
        // A time in the future means that the clock was wrong; such an attempt would count for too long.
        const isSound = typeof attempt.at === "number" && attempt.at <= this.now() + SAME_MOMENT_MS;
        return isSound ? [{ file, attempt }] : [];
      } catch {
        return [];
      }
    });
  }
}

/** A load under way. */
export interface LoadAttempt {
  /** The load ended without ending the process, possibly with a problem. */
  ended(): void;
  /** The load succeeded: earlier interruptions no longer count. */
  succeeded(): void;
}

function end(file: string): void {
  remove(file);
  underWay.delete(file);
  if (underWay.size === 0) process.off("exit", removeAll);
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // If the file could not be written, there is none to remove.
  }
}
