/** Edges `(state, token) -> state` of an automaton: a hash table with open addressing over arrays of edges. */
import { grown } from "./grown.ts";

const NONE = -1;
/** Least number of slots of the hash table for each possible edge. */
const SLOTS_PER_EDGE = 1.5;

export class EdgeTable {
  private count = 0;
  private from: Int32Array;
  private by: Int32Array;
  private to: Int32Array;
  private previous: Int32Array;
  /** An edge's number plus one; 0 where a slot is free. */
  private slots: Int32Array;

  /** @param capacity edges expected; more are taken at the price of a copy */
  constructor(capacity: number) {
    this.from = new Int32Array(capacity);
    this.by = new Int32Array(capacity);
    this.to = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.slots = slotsFor(capacity);
  }

  /** The edge's number; -1 where there is none. */
  find(state: number, token: number): number {
    const { slots, from, by } = this;
    const mask = slots.length - 1;
    for (let slot = hash(state, token) & mask; ; slot = (slot + 1) & mask) {
      const edge = slots[slot] - 1;
      if (edge === NONE || (from[edge] === state && by[edge] === token)) return edge;
    }
  }

  /** @param before the state's edge that was added last @returns the edge's number */
  add(state: number, token: number, target: number, before: number): number {
    if (this.count === this.from.length) this.grow();
    const edge = this.count++;
    this.from[edge] = state;
    this.by[edge] = token;
    this.to[edge] = target;
    this.previous[edge] = before;
    this.place(edge);
    return edge;
  }

  token(edge: number): number {
    return this.by[edge];
  }

  target(edge: number): number {
    return this.to[edge];
  }

  /** The edge of the same state that was added before it; -1 for the first. */
  before(edge: number): number {
    return this.previous[edge];
  }

  /** Makes an edge lead to another state. */
  redirect(edge: number, target: number): void {
    this.to[edge] = target;
  }

  private place(edge: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash(this.from[edge], this.by[edge]) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = edge + 1;
  }

  private grow(): void {
    const capacity = 2 * this.from.length;
    for (const name of ["from", "by", "to", "previous"] as const) this[name] = grown(this[name], capacity);
    this.slots = slotsFor(capacity);
    for (let edge = 0; edge < this.count; edge++) this.place(edge);
  }
}

const slotsFor = (edges: number) => new Int32Array(2 ** Math.ceil(Math.log2(SLOTS_PER_EDGE * edges)));

function hash(state: number, token: number): number {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 4;
}
