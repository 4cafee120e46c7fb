/** Shards that are searched as one. */
import type { StoreProblem } from "../index.ts";
import { type Residence, Shard } from "./shard.ts";

export class Store {
  /** Increases whenever shards are added or removed, so that searches notice. */
  version = 0;
  /** Problems of shards that were in the store; searches leave such a shard out from then on. */
  readonly problems: StoreProblem[] = [];
  /** Called with each of these problems. */
  onProblem: (problem: StoreProblem) => void = () => {};
  private readonly list: Shard[];

  constructor(shards: readonly Shard[] = []) {
    this.list = [...shards];
  }

  /** Opens all files. Throws the `StoreError` of the first that cannot be opened, and closes the others again. */
  static open(paths: readonly string[], residence: Residence = "file"): Store {
    const shards: Shard[] = [];
    try {
      for (const path of paths) shards.push(Shard.open(path, residence));
    } catch (error) {
      for (const shard of shards) shard.close();
      throw error;
    }
    return new Store(shards);
  }

  get shards(): readonly Shard[] {
    return this.list;
  }

  get tokenCount(): number {
    return this.list.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  get documentCount(): number {
    return this.list.reduce((sum, { documents }) => sum + documents.count, 0);
  }

  /** Bytes its shards hold in memory. */
  get residentBytes(): number {
    return this.list.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  }

  add(shard: Shard): void {
    this.list.push(shard);
    this.version++;
  }

  /** Removes a shard and closes it; false if it is not in the store. */
  remove(shard: Shard): boolean {
    const index = this.list.indexOf(shard);
    if (index < 0) return false;
    this.list.splice(index, 1);
    this.version++;
    shard.close();
    return true;
  }

  /** Removes a shard because it cannot be read. */
  drop(shard: Shard, problem: StoreProblem): void {
    if (!this.remove(shard)) return;
    this.problems.push(problem);
    this.onProblem(problem);
  }

  close(): void {
    for (const shard of this.list) shard.close();
    this.list.length = 0;
    this.version++;
  }
}
