/** A build's claim to its share of a folder. It names the process, so that a claim left by a dead one ends. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PRIVATE_FILE, StoreError } from "../document.ts";

interface Owner {
  readonly host: string;
  readonly pid: number;
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Owner;
  } catch {
    return undefined; // Gone meanwhile, or its writer died before it wrote.
  }
}

/** Whether the process may still run. What runs on another machine cannot be asked. */
function mayBeAlive({ host, pid }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Claims `name` in a folder; the returned function gives it back. Throws a `StoreError` of code `busy` while
 * another process has it.
 */
export function lock(directory: string, name: string): () => void {
  const path = join(directory, `${name}.lock`);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(path, "wx", PRIVATE_FILE);
      writeSync(file, JSON.stringify({ host: hostname(), pid: process.pid }));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = readOwner(path);
    if (owner && mayBeAlive(owner))
      throw new StoreError({
        code: "busy",
        message: `Another build is at work in ${directory} (process ${owner.pid} on ${owner.host}).`,
        remedy: `Wait until it has ended; if it does not run any more, delete ${path}.`,
      });
    rmSync(path, { force: true });
  }
  throw new StoreError({
    code: "busy",
    message: `Another build began at the same moment in ${directory}.`,
    remedy: "Wait until it has ended.",
  });
}
