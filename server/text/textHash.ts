/**
 * Hashes of the text before and after any offset, so that two versions of a document can be compared around a place
 * without keeping either. States at every few thousand characters, from the start forwards and from the end backwards,
 * are reused for the next version as far as the text is the same: after an edit, a hash near it costs a few thousand
 * steps, whatever the length of the document.
 */

/** 64 bits in two halves. */
export type Hash = readonly [number, number];

const SEED: Hash = [0x9e3779b9 | 0, 0x85ebca6b | 0];
/** Characters between two saved states. */
const STRIDE = 4096;

/** States that were computed for a text, or for the unchanged part of another version. */
interface KnownStates {
  readonly forward: readonly Hash[];
  readonly backward: readonly Hash[];
}

/** Hashes of what comes before and after a text: the other cells of a notebook. */
export interface HashesAround {
  readonly before: Hash;
  readonly after: Hash;
}

/** One text's hashes. Immutable except for the states computed so far. */
export class TextHash {
  /** States after `i * STRIDE` characters from the start. */
  private readonly forward: Hash[];
  /** States after `i * STRIDE` characters from the end, backwards. */
  private readonly backward: Hash[];

  /** Hashes already requested: those at one cursor are, once for each text that may be known there. */
  private readonly asked = { before: new Map<number, Hash>(), after: new Map<number, Hash>() };

  constructor(
    readonly text: string,
    known: KnownStates = { forward: [SEED], backward: [SEED] },
    private readonly around?: HashesAround,
  ) {
    this.forward = [...known.forward];
    this.backward = [...known.backward];
  }

  /**
   * The hashes of a text that differs from this one in one stretch only.
   * @param start characters at the start that are the same @param tail characters at the end that are the same
   */
  edited(text: string, start: number, tail: number): TextHash {
    const forward = this.forward.slice(0, Math.floor(start / STRIDE) + 1);
    const backward = this.backward.slice(0, Math.floor(tail / STRIDE) + 1);
    return new TextHash(text, { forward, backward }, this.around);
  }

  /** The hashes of the same text with other surroundings. */
  within(around: HashesAround): TextHash {
    return new TextHash(this.text, { forward: this.forward, backward: this.backward }, around);
  }

  /** Hash of all text before `offset`. */
  before(offset: number): Hash {
    return remembered(this.asked.before, offset, () => joined(this.findBefore(offset), this.around?.before));
  }

  /** Hash of all text from `offset` on. */
  after(offset: number): Hash {
    return remembered(this.asked.after, offset, () => joined(this.findAfter(offset), this.around?.after));
  }

  private findBefore(offset: number): Hash {
    const { text, forward } = this;
    const whole = Math.floor(offset / STRIDE);
    for (let at = forward.length; at <= whole; at++)
      forward.push(mixed(forward[at - 1] ?? SEED, text, (at - 1) * STRIDE, at * STRIDE));
    return mixed(forward[whole] ?? SEED, text, whole * STRIDE, offset);
  }

  private findAfter(offset: number): Hash {
    const { text, backward } = this;
    const { length } = text;
    const whole = Math.floor((length - offset) / STRIDE);
    for (let at = backward.length; at <= whole; at++)
      backward.push(mixed(backward[at - 1] ?? SEED, text, length - (at - 1) * STRIDE, length - at * STRIDE));
    return mixed(backward[whole] ?? SEED, text, length - whole * STRIDE, offset);
  }
}

function remembered(known: Map<number, Hash>, offset: number, find: () => Hash): Hash {
  const hash = known.get(offset) ?? find();
  known.set(offset, hash);
  return hash;
}

export const sameHash = (a: Hash, b: Hash) => a[0] === b[0] && a[1] === b[1];

// Two multiplicative hashes with rotations in between, so that high bits reach the low ones.
const stepA = (a: number, code: number) => Math.imul((a << 13) ^ (a >>> 19) ^ code, 2654435761);
const stepB = (b: number, code: number) => Math.imul((b << 17) ^ (b >>> 15) ^ code, 1597334677);

/** The hash of a sequence of texts, which differs from that of any other sequence. @param before that of the texts before */
export const wholeHash = (texts: readonly TextHash[], before: Hash = SEED): Hash =>
  texts.reduce<Hash>((all, each) => joined(all, each.before(each.text.length)), before);

const joined = ([a, b]: Hash, other: Hash | undefined): Hash =>
  other ? [stepA(stepA(a, other[0]), other[1]), stepB(stepB(b, other[1]), other[0])] : [a, b];

/** The state after the characters between two offsets, read backwards if `to` is before `from`. */
function mixed([a, b]: Hash, text: string, from: number, to: number): Hash {
  let high = a;
  let low = b;
  const length = Math.abs(to - from);
  for (let i = 0; i < length; i++) {
    // Backwards, a character is the one before its offset.
    const code = text.charCodeAt(from <= to ? from + i : from - 1 - i);
    high = stepA(high, code);
    low = stepB(low, code);
  }
  return [high, low];
}
