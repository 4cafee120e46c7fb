/**
 * A process's claim to something in a folder: a share of a build, a download. It names the process and is renewed while the
 * process runs, so that the claim of an ended process can be taken over: at once on the same machine, after some minutes
 * from another one.
 */
import {
  constants,
  copyFileSync,
  existsSync,
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
  /** Start time of the process in the system's count; "" if unknown. A later process may have the same id. */
  readonly began: string;
}

const RENEWAL_MS = 20_000;
/** A claim that was not renewed for this long belongs to no running process. */
const STALE_MS = 10 * 60_000;
/** Index in `/proc/PID/stat`, counted from after the name. */
const BEGAN_FIELD = 19;

const ENDING = ".lock";
/** A claim, or what a process that ended while it made or took one over has left of it; the first group is the name. */
const CLAIM = /^(.+)\.lock(?:\.\d+(?:\.new)?)?$/;
const lockPath = (directory: string, name: string) => join(directory, name + ENDING);

function readOwner(path: string): Owner | undefined {
  try {
    const { host, pid, began } = JSON.parse(readFileSync(path, "utf8")) as Partial<Owner>;
    if (typeof host !== "string" || !Number.isSafeInteger(pid) || Number(pid) <= 0) return undefined;
    return { host, pid: Number(pid), began: typeof began === "string" ? began : "" };
  } catch {
    return undefined; // It was removed meanwhile, or its writer died before writing.
  }
}

/** Start time of a process on this machine; "" if unknown. */
function beginningOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[BEGAN_FIELD] ?? "";
  } catch {
    return "";
  }
}

/** Whether the claim belongs to a process that may still run. */
function isHeld(path: string, { host, pid, began }: Owner): boolean {
  try {
    // A renewal in the future dates from a time when a clock was wrong.
    if (Math.abs(Date.now() - statSync(path).mtimeMs) > STALE_MS) return false;
  } catch {
    return false;
  }
  if (host !== hostname()) return true;
  const now = beginningOf(pid);
  if (began !== "" && now !== "" && began !== now) return false;
  return processIsAlive(pid);
}

/** Whether a process with that id exists on this machine. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process exists as well.
    return codeOf(error) === "EPERM";
  }
}

/** Whether a process has claimed that name. */
export function isLocked(directory: string, name: string): boolean {
  return holderOf(lockPath(directory, name)) !== undefined;
}

/** The name that a file is a claim to, made or half made; undefined if it is none. */
export const claimedName = (file: string): string | undefined => CLAIM.exec(file)?.[1];

/** The names in a folder that processes have claimed. */
export function lockedNames(directory: string): string[] {
  return readdirSync(directory)
    .filter(file => file.endsWith(ENDING))
    .map(file => file.slice(0, -ENDING.length))
    .filter(name => isLocked(directory, name));
}

/** Throws a `StoreError` of code `busy` if another process has claimed that name; see `lock`. */
export function refuseLocked(directory: string, name: string, activity = "build"): void {
  const path = lockPath(directory, name);
  const owner = holderOf(path);
  if (owner)
    throw new StoreError({
      code: "busy",
      message: `Another ${activity} is running in ${directory} (process ${owner.pid} on ${owner.host}).`,
      remedy: `Wait until it has finished; if it is no longer running, delete ${path}.`,
    });
}

/** The process that holds a claim; undefined if it no longer runs, or there is no claim. */
function holderOf(path: string): Owner | undefined {
  const owner = readOwner(path);
  return owner && isHeld(path, owner) ? owner : undefined;
}

/**
 * Claims `name` in a folder; the returned function releases it. Throws a `StoreError` of code `busy` while
 * another process holds it, and the file system's errors.
 * @param activity name of the other process's activity in messages
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
    message: `Another ${activity} started at the same moment in ${directory}.`,
    remedy: "Wait until it has ended.",
  });
}

/**
 * Creates a file together with its text: an empty one would be taken for the claim of a process that died. Throws
 * `EEXIST` if the file exists.
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
 * Gives a file a second, free name. Throws `EEXIST` if it is taken. File systems without links to files refuse them with
 * many codes, exFAT on Windows with `EISDIR`: the file is copied there.
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

/** Renews the claim until the returned function releases it. */
function keep(path: string, own: Owner): () => void {
  const timer = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // The user removed it: the build continues, and the next one may begin.
    }
  }, RENEWAL_MS).unref();
  return () => {
    clearInterval(timer);
    if (isSame(readOwner(path), own)) rmSync(path, { force: true });
  };
}

/**
 * Removes a claim that nobody holds, unless another process has claimed the name meanwhile. It looks before it moves
 * anything: while a claim is moved aside, a third process could claim the name, and its holder could not release it.
 */
function takeAway(path: string, stale: Owner | undefined): void {
  if (!existsSync(path) || !isSame(readOwner(path), stale)) return;
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
