/**
 * A process's claim to something in a folder: a share of a build, a download. It names the process and is renewed while that runs, so that a claim of a
 * process that has ended is taken over: at once on the same machine, after some minutes on another.
 */
import {
  constants,
  copyFileSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf, PRIVATE_FILE, StoreError } from "./document.ts";

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process began, as its system counts; "" where that is not known. A later one may have its number. */
  readonly began: string;
}

const RENEWAL_MS = 20_000;
/** A claim that was not renewed for so long belongs to no process that runs. */
const STALE_MS = 10 * 60_000;
/** Of `/proc/PID/stat`, counted from after the name. */
const BEGAN_FIELD = 19;

const ENDING = ".lock";
const lockPath = (directory: string, name: string) => join(directory, name + ENDING);

function readOwner(path: string): Owner | undefined {
  try {
    const { host, pid, began } = JSON.parse(readFileSync(path, "utf8")) as Partial<Owner>;
    if (typeof host !== "string" || !Number.isSafeInteger(pid) || Number(pid) <= 0) return undefined;
    return { host, pid: Number(pid), began: typeof began === "string" ? began : "" };
  } catch {
    return undefined; // Gone meanwhile, or its writer died before it wrote.
  }
}

/** When a process of this machine began; "" where that cannot be found out. */
function beginningOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[BEGAN_FIELD] ?? "";
  } catch {
    return "";
  }
}

/** Whether the claim is of a process that may still run. */
function isHeld(path: string, { host, pid, began }: Owner): boolean {
  try {
    // One that was renewed in the future is of a time when a clock was wrong.
    if (Math.abs(Date.now() - statSync(path).mtimeMs) > STALE_MS) return false;
  } catch {
    return false;
  }
  if (host !== hostname()) return true;
  const now = beginningOf(pid);
  if (began !== "" && now !== "" && began !== now) return false;
  return processIsAlive(pid);
}

/** Whether there is a process of that number on this machine. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one too.
    return codeOf(error) === "EPERM";
  }
}

/** Whether a process has claimed that name. */
export function isLocked(directory: string, name: string): boolean {
  return holderOf(lockPath(directory, name)) !== undefined;
}

/** The names in a folder that processes have claimed. */
export function lockedNames(directory: string): string[] {
  return readdirSync(directory)
    .filter(file => file.endsWith(ENDING))
    .map(file => file.slice(0, -ENDING.length))
    .filter(name => isLocked(directory, name));
}

/** Throws a `StoreError` of code `busy` where another process has claimed that name; see `lock`. */
export function refuseLocked(directory: string, name: string, activity = "build"): void {
  const path = lockPath(directory, name);
  const owner = holderOf(path);
  if (owner)
    throw new StoreError({
      code: "busy",
      message: `Another ${activity} is at work in ${directory} (process ${owner.pid} on ${owner.host}).`,
      remedy: `Wait until it has ended; if it does not run any more, delete ${path}.`,
    });
}

/** The process that a claim is of; undefined where it does not run any more, or there is no claim. */
function holderOf(path: string): Owner | undefined {
  const owner = readOwner(path);
  return owner && isHeld(path, owner) ? owner : undefined;
}

/**
 * Claims `name` in a folder; the returned function gives it back. Throws a `StoreError` of code `busy` while
 * another process has it, and what the file system throws.
 * @param activity what to call in messages what the other process does
 */
export function lock(directory: string, name: string, activity = "build"): () => void {
  const path = lockPath(directory, name);
  const own: Owner = { host: hostname(), pid: process.pid, began: beginningOf(process.pid) };
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      create(path, JSON.stringify(own));
      return keep(path, own);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const owner = readOwner(path);
    refuseLocked(directory, name, activity);
    takeAway(path, owner);
  }
  throw new StoreError({
    code: "busy",
    message: `Another ${activity} began at the same moment in ${directory}.`,
    remedy: "Wait until it has ended.",
  });
}

/**
 * Makes a file that was not there, with its text from the first moment: one that is empty yet would be taken for the
 * claim of a process that died. Throws `EEXIST` where there is one.
 */
function create(path: string, text: string): void {
  const prepared = `${path}.${process.pid}.new`;
  try {
    writeFileSync(prepared, text, { mode: PRIVATE_FILE });
    place(prepared, path);
  } finally {
    rmSync(prepared, { force: true });
  }
}

/**
 * Gives a file another name that is free. Throws `EEXIST` where it is not. File systems without links to files refuse them
 * with many codes, exFAT on Windows with `EISDIR`: there the file is copied.
 */
function place(file: string, path: string): void {
  try {
    linkSync(file, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    copyFileSync(file, path, constants.COPYFILE_EXCL);
  }
}

const isSame = (a: Owner | undefined, b: Owner | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** Renews the claim until the returned function gives it back. */
function keep(path: string, own: Owner): () => void {
  const timer = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // Removed by a person: the build goes on, and the next one may begin.
    }
  }, RENEWAL_MS).unref();
  return () => {
    clearInterval(timer);
    if (isSame(readOwner(path), own)) rmSync(path, { force: true });
  };
}

/** Removes a claim that nobody holds, unless another process has put its own there meanwhile. */
function takeAway(path: string, stale: Owner | undefined): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (!isSame(readOwner(aside), stale)) place(aside, path);
  } catch {
    // Another process was faster: the next attempt finds its claim.
  }
  // Other programs' claims of that name are folders.
  rmSync(aside, { force: true, recursive: true });
}
