/**
 * The rows of one `llama_decode`, in arrays whose addresses are taken once: filling a batch costs no allocation and no FFI
 * work. The arrays own their buffers, since Electron forbids buffers made outside of V8, and each is large enough to be outside
 * the heap in which the garbage collector moves objects.
 */
import { addressOf, type BatchStruct } from "./libllama.ts";

/** Below this size V8 may keep a buffer inside an object it moves. */
const FIXED_BYTES = 4096;

function fixedBuffer(bytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.max(bytes, FIXED_BYTES));
}

export class Batch {
  /** Rows filled so far. */
  rows = 0;
  readonly struct: BatchStruct;
  private readonly token: Int32Array;
  private readonly position: Int32Array;
  private readonly sequenceCount: Int32Array;
  private readonly sequences: Int32Array;
  private readonly output: Int8Array;
  private readonly rowOfSequences: BigUint64Array;

  /** @param capacity most rows of one decode @param branches most sequences a row belongs to */
  constructor(
    readonly capacity: number,
    private readonly branches: number,
  ) {
    this.token = new Int32Array(fixedBuffer(capacity * 4));
    this.position = new Int32Array(fixedBuffer(capacity * 4));
    this.sequenceCount = new Int32Array(fixedBuffer(capacity * 4));
    this.sequences = new Int32Array(fixedBuffer(capacity * branches * 4));
    this.output = new Int8Array(fixedBuffer(capacity));
    this.rowOfSequences = new BigUint64Array(fixedBuffer(capacity * 8));
    const base = addressOf(this.sequences);
    for (let row = 0; row < capacity; row++) this.rowOfSequences[row] = base + BigInt(row * branches * 4);
    this.struct = {
      n_tokens: 0,
      token: addressOf(this.token),
      embd: null,
      pos: addressOf(this.position),
      n_seq_id: addressOf(this.sequenceCount),
      seq_id: addressOf(this.rowOfSequences),
      logits: addressOf(this.output),
    };
  }

  clear(): void {
    this.rows = 0;
    this.struct.n_tokens = 0;
  }

  /** Adds a row that belongs to the sequences `firstSequence` up to `firstSequence + count - 1`. */
  add(token: number, position: number, firstSequence: number, count: number, output: boolean): void {
    if (this.rows >= this.capacity) throw new RangeError(`batch of ${this.capacity} rows is full`);
    const row = this.rows++;
    this.token[row] = token;
    this.position[row] = position;
    this.sequenceCount[row] = count;
    this.output[row] = output ? 1 : 0;
    const start = row * this.branches;
    for (let i = 0; i < count; i++) this.sequences[start + i] = firstSequence + i;
    this.struct.n_tokens = this.rows;
  }
}
