/**
 * The state of one sequence as `llama_state_seq_get_data` writes it, and its conversion to keys of another type. The layout is
 * internal to llama.cpp (`llama_kv_cache::state_write`) and not part of its interface, so a state that is not exactly as
 * described here is left alone:
 *
 *     8 bytes, uint32 streams (1), uint32 cells, for each cell int32 position, uint32 sequences (1), int32 sequence
 *     uint32 whether values are transposed (0), uint32 layers
 *     for each layer int32 type of its keys, uint64 bytes of a row, a row for each cell
 *     for each layer the same of its values
 */
import { setImmediate } from "node:timers/promises";
import { KeyRotation } from "./keyRotation.ts";
import { addressOf, type Library } from "./libllama.ts";

const TYPE_F16 = 1;
const TYPE_Q8_0 = 8;
const F16_BYTES = 2;
/** Values of a block of Q8_0, and its bytes: a scale in F16, then a signed byte for each value. */
const BLOCK = { values: 32, bytes: 34, scaleBytes: 2 } as const;
const HEAD_BYTES = 8;
const CELL_BYTES = 12;
/** Head of a layer's keys or values: their type and the bytes of a row. */
const LAYER_HEAD_BYTES = 12;
/** Values that are converted at once: half a millisecond. */
const CONVERTED_VALUES = 1 << 16;
/** Most steps by which values and scales differ if one was rounded to F16 before, and the share of blocks that differ more. */
const ROUNDING = { steps: 2, scaleSteps: 4, share: 0.05 } as const;

/** The rows of one layer, of its keys or of its values. */
interface LayerRows {
  /** Where the first row begins. */
  readonly at: number;
  readonly rowBytes: number;
}

interface StateLayout {
  readonly cells: number;
  readonly keys: readonly LayerRows[];
  readonly values: readonly LayerRows[];
}

/** Where the parts of a state lie; undefined if its layout is not the one described above. */
function layoutOf(bytes: Uint8Array, keyType: number): StateLayout | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES + 8 || view.getUint32(HEAD_BYTES, true) !== 1) return undefined;
  const cells = view.getUint32(HEAD_BYTES + 4, true);
  const layersAt = HEAD_BYTES + 8 + cells * CELL_BYTES;
  if (cells === 0 || bytes.length < layersAt + 8 || view.getUint32(layersAt, true) !== 0) return undefined;
  const layers = view.getUint32(layersAt + 4, true);
  let at = layersAt + 8;
  const rows = (type: number): LayerRows | undefined => {
    if (at + LAYER_HEAD_BYTES > bytes.length || view.getInt32(at, true) !== type) return undefined;
    const row = { at: at + LAYER_HEAD_BYTES, rowBytes: Number(view.getBigUint64(at + 4, true)) };
    at = row.at + cells * row.rowBytes;
    return row;
  };
  const read = (type: number) => {
    const found: LayerRows[] = [];
    // In another layout the number may be anything.
    while (found.length < layers) {
      const row = rows(type);
      if (!row) break;
      found.push(row);
    }
    return found;
  };
  const [keys, values] = [read(keyType), read(TYPE_F16)];
  const isWhole = keys.length === layers && values.length === layers && at === bytes.length;
  return isWhole ? { cells, keys, values } : undefined;
}

/**
 * Converts the keys of a state of so many cells, whose keys and values are F16, to Q8_0 in the same memory. Undefined if the
 * state has another layout, or a row of its keys is not a whole number of blocks.
 * @param headValues values of a key in one head
 */
export async function withKeysInQ8(
  library: Pick<Library, "halfToFloat" | "quantise">,
  bytes: Uint8Array,
  cells: number,
  headValues: number,
): Promise<Uint8Array | undefined> {
  const layout = layoutOf(bytes, TYPE_F16);
  const isBlocks = layout?.keys.every(({ rowBytes }) => rowBytes % (BLOCK.values * F16_BYTES) === 0);
  if (!layout || !isBlocks || layout.cells !== cells) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const conversion = new KeyConversion(library, bytes, headValues);
  let to = (layout.keys[0]?.at ?? 0) - LAYER_HEAD_BYTES;
  for (const { at, rowBytes } of layout.keys) {
    const rowValues = rowBytes / F16_BYTES;
    view.setInt32(to, TYPE_Q8_0, true);
    view.setBigUint64(to + 4, BigInt(q8BytesOf(rowValues)), true);
    to += LAYER_HEAD_BYTES;
    await conversion.convert(at, to, cells, rowValues);
    to += cells * q8BytesOf(rowValues);
  }
  const from = (layout.values[0]?.at ?? 0) - LAYER_HEAD_BYTES;
  bytes.copyWithin(to, from);
  return bytes.subarray(0, bytes.length - (from - to));
}

const q8BytesOf = (values: number) => (values / BLOCK.values) * BLOCK.bytes;

/** Converts rows within a state, some at a time so that nothing else waits for long. */
class KeyConversion {
  /** A field, since native code only has the address of its values: they must not be garbage collected meanwhile. */
  private readonly rotation: KeyRotation;

  constructor(
    private readonly library: Pick<Library, "halfToFloat" | "quantise">,
    private readonly bytes: Uint8Array,
    headValues: number,
  ) {
    this.rotation = new KeyRotation(CONVERTED_VALUES, headValues);
  }

  /** @param from offset of the first row, in F16 @param to offset for it in Q8_0, not after `from` */
  async convert(from: number, to: number, rows: number, rowValues: number): Promise<void> {
    const { library, bytes, rotation } = this;
    const [base, scratch] = [addressOf(bytes), addressOf(rotation.values)];
    const most = Math.max(1, Math.floor(CONVERTED_VALUES / rowValues));
    for (let row = 0; row < rows; row += most) {
      const count = Math.min(most, rows - row);
      library.halfToFloat(base + BigInt(from + row * rowValues * F16_BYTES), scratch, count * rowValues);
      rotation.rotate(count * rowValues);
      // Writing never overtakes reading.
      const target = base + BigInt(to + row * q8BytesOf(rowValues));
      library.quantise(TYPE_Q8_0, scratch, target, 0, count, rowValues, null);
      await setImmediate();
    }
  }
}

/** Whether the keys of the first cell are the same in two states with keys in Q8_0, up to rounding. */
export function firstKeysAgree(one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [layoutOf(one, TYPE_Q8_0), layoutOf(other, TYPE_Q8_0)];
  if (!a || !b || a.keys.length !== b.keys.length) return false;
  let [differing, blocks] = [0, 0];
  for (const [layer, { at, rowBytes }] of a.keys.entries()) {
    const otherRow = b.keys[layer];
    if (otherRow.rowBytes !== rowBytes) return false;
    for (let block = 0; block < rowBytes; block += BLOCK.bytes, blocks++)
      if (!isSameBlock(one, at + block, other, otherRow.at + block)) differing++;
  }
  return differing <= blocks * ROUNDING.share;
}

function isSameBlock(one: Uint8Array, at: number, other: Uint8Array, otherAt: number): boolean {
  const [a, b] = [
    new DataView(one.buffer, one.byteOffset + at),
    new DataView(other.buffer, other.byteOffset + otherAt),
  ];
  // The bits of positive F16 numbers, read as integers, are in the order of the numbers.
  if (Math.abs(a.getUint16(0, true) - b.getUint16(0, true)) > ROUNDING.scaleSteps) return false;
  for (let i = BLOCK.scaleBytes; i < BLOCK.bytes; i++)
    if (Math.abs(a.getInt8(i) - b.getInt8(i)) > ROUNDING.steps) return false;
  return true;
}
