/** The machine's memory, or the part of it that a container may use. */
import { freemem, totalmem } from "node:os";

/** A limit as Node reports it, in bytes; 0 or nothing where there is none or it is not known. */
const limited = (bytes: number, limit: number | undefined): number => Math.min(bytes, limit || bytes);

/** Bytes of memory that this process may use at most. */
export const memoryBytes = (total = totalmem(), limit = process.constrainedMemory()): number =>
  limited(total, limit);

/** Bytes of memory that are free for this process. */
export const freeMemoryBytes = (
  free = freemem(),
  // Not in the first releases of Node 20.
  limit = process.availableMemory?.(),
): number => limited(free, limit);
