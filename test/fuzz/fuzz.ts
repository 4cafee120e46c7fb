/** Tries cases of all targets in turn, each for its share of the time. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "../fakes/random.ts";
import type { FuzzTarget, OpenTarget, Random } from "./target.ts";

interface Failure {
  readonly target: string;
  readonly index: number;
  readonly error: Error;
}

/** What has become of one target. */
interface Tried {
  readonly name: string;
  cases: number;
  failures: number;
  ms: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly folder: string;
  /** Ends after so long... */
  readonly seconds?: number;
  /** ...or after so many cases of each. */
  readonly cases?: number;
  /** Only the case of this number. */
  readonly only?: number | undefined;
  onFailure?(failure: Failure): void;
}

/** The numbers of a case depend on nothing but its own number and the seed. */
function randomOf(seed: number, target: string, index: number): Random {
  const digest = createHash("sha256").update(`${seed} ${target} ${index}`).digest();
  return seeded(digest.readUInt32LE(0));
}

export async function fuzz(targets: readonly FuzzTarget[], options: FuzzOptions): Promise<Tried[]> {
  const { seed, folder, seconds = Infinity, cases = Infinity, only } = options;
  const open: { readonly tried: Tried; readonly target: OpenTarget }[] = [];
  const end = performance.now() + 1000 * seconds;
  try {
    for (const target of targets) {
      const own = join(folder, target.name);
      mkdirSync(own, { recursive: true });
      const tried = { name: target.name, cases: 0, failures: 0, ms: 0 };
      open.push({ tried, target: await target.open(own) });
    }
    for (;;) {
      const waiting = open.filter(({ tried }) => tried.cases < (only === undefined ? cases : 1));
      const next = waiting.sort((a, b) => a.tried.ms - b.tried.ms)[0];
      if (!next || performance.now() > end) return open.map(({ tried }) => tried);
      const { tried, target } = next;
      const index = only ?? tried.cases;
      const start = performance.now();
      try {
        await target.attempt(randomOf(seed, tried.name, index));
      } catch (error) {
        tried.failures++;
        options.onFailure?.({ target: tried.name, index, error: error as Error });
      }
      tried.cases++;
      tried.ms += performance.now() - start;
    }
  } finally {
    for (const { target } of open) await target.close();
  }
}

/** How a failure is had again. */
export const again = ({ target, index }: Failure, seed: number) =>
  `npm run fuzz -- --target ${target} --seed ${seed} --case ${index}`;
