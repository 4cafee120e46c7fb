/**
 * The items of JSON arrays of any size, one by one: this only finds the end of each item, which JSON's own parser
 * then reads.
 */

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * The bytes of each item of consecutive arrays in `chunks`; undefined for an item that is longer than `limit` bytes,
 * which is not kept in memory, or that the end of the input cuts off.
 */
export async function* arrayItems(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array | undefined> {
  const scan = new Scan();
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array) => {
    length += part.length;
    if (length > limit) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const take = () => {
    const item = length > limit ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return item;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const event = scan.next(chunk[at]);
      if (event === "begins") start = at;
      else if (event === "ends") {
        keep(chunk.subarray(start, at));
        yield take();
      }
    }
    if (scan.isWithin) keep(chunk.subarray(start));
  }
  if (scan.isWithin) yield undefined;
}

/** Tracks the position in an array, byte by byte. */
class Scan {
  /** Whether an item has begun and not ended. */
  isWithin = false;
  private isInArray = false;
  private isInString = false;
  private isEscaped = false;
  /** Number of open lists and objects within the item. */
  private depth = 0;

  /** Processes a byte. If it returns "ends", the item ended before this byte. */
  next(byte: number): "begins" | "ends" | undefined {
    if (this.isInString) {
      this.inString(byte);
      return undefined;
    }
    if (!this.isInArray) {
      this.isInArray = byte === OPEN_LIST;
      return undefined;
    }
    if (this.depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) {
      if (byte === CLOSE_LIST) this.isInArray = false;
      if (!this.isWithin) return undefined;
      this.isWithin = false;
      return "ends";
    }
    if (!this.isWithin && isSpace(byte)) return undefined;
    const begins = !this.isWithin;
    this.isWithin = true;
    if (byte === QUOTE) this.isInString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.depth = Math.max(0, this.depth - 1);
    return begins ? "begins" : undefined;
  }

  private inString(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isInString = false;
  }
}
