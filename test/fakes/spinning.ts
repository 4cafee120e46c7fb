import { type ChildProcess, spawn } from "node:child_process";

/** Starts programs that keep a processor busy each, until they are killed. */
export const startSpinning = (count: number): ChildProcess[] =>
  Array.from({ length: count }, () => spawn(process.execPath, ["-e", "for (;;);"]));
