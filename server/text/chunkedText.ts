/**
 * A text under many edits, each of which refers to lines and characters of the result of the previous ones. It is kept in
 * chunks with their numbers of line ends, so that an edit anywhere costs a few thousand steps, whatever the length of
 * the text and of its lines.
 */

/** Where text is, as in LSP: line and UTF-16 unit, from 0. */
interface LinePosition {
  readonly line: number;
  readonly character: number;
}

/** Characters of a chunk. One that has grown to twice as many is divided. */
const CHUNK = 4096;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** A part of the text. No chunk begins between the two characters of a line end. */
class Chunk {
  private known: number | undefined;

  constructor(readonly text: string) {}

  /** Counted when it is needed: edits near the start do not read the rest of the text. */
  get lineEnds(): number {
    this.known ??= lineEndsIn(this.text);
    return this.known;
  }
}

/** A chunk by its index, and its offset from the start of the text. */
interface ChunkPlace {
  readonly index: number;
  readonly start: number;
}

export class ChunkedText {
  private chunks: Chunk[];
  private size: number;

  constructor(text: string) {
    this.chunks = chunksOf(text);
    this.size = text.length;
  }

  get length(): number {
    return this.size;
  }

  toString(): string {
    return this.chunks.map(({ text }) => text).join("");
  }

  /** The offset of a position. One past the end of its line is that end; one past the last line is the end of the text. */
  offsetAt({ line, character }: LinePosition): number {
    if (line < 0) return 0;
    let start = 0;
    /** Line ends, then characters, to go past. */
    let [lines, left] = [line, Math.max(0, Math.trunc(character) || 0)];
    for (const chunk of this.chunks) {
      const { text, lineEnds } = chunk;
      if (lineEnds < lines) lines -= lineEnds;
      else {
        let at = 0;
        for (; lines > 0; lines--) at = afterLineEnd(text, lineEndFrom(text, at));
        const end = lineEnds === 0 ? text.length : lineEndFrom(text, at);
        if (left <= end - at || end < text.length) return start + Math.min(at + left, end);
        left -= end - at;
      }
      start += text.length;
    }
    return this.size;
  }

  /** Replaces the text between two offsets. */
  replace(start: number, end: number, text: string): void {
    const first = this.placeOf(start);
    const last = this.placeOf(end);
    const before = this.chunks[first.index]?.text.slice(0, start - first.start) ?? "";
    const after = this.chunks[last.index]?.text.slice(end - last.start) ?? "";
    this.put(first.index, last.index + 1, before + text + after);
    this.size += text.length - (end - start);
  }

  /** The chunk with an offset, or the one that ends there. */
  private placeOf(offset: number): ChunkPlace {
    let [index, start] = [0, 0];
    for (const { text } of this.chunks) {
      if (start + text.length >= offset) return { index, start };
      start += text.length;
      index++;
    }
    return { index: 0, start: 0 };
  }

  /**
   * Replaces chunks by a text, which begins as the first of them does: only the chunk below can have the other half of a line
   * end.
   */
  private put(from: number, to: number, text: string): void {
    const { chunks } = this;
    const below = chunks[to]?.text ?? "";
    const joinsBelow = text.endsWith("\r") && below.startsWith("\n");
    const whole = joinsBelow ? text + below : text;
    const last = joinsBelow ? to + 1 : to;
    if (last - from === 1 && from < chunks.length && whole !== "" && whole.length < 2 * CHUNK)
      chunks[from] = new Chunk(whole);
    else this.chunks = [...chunks.slice(0, from), ...chunksOf(whole), ...chunks.slice(last)];
  }
}

function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + CHUNK);
    if (text[end - 1] === "\r" && text[end] === "\n") end++;
    chunks.push(new Chunk(text.slice(start, end)));
    start = end;
  }
  return chunks;
}

function lineEndsIn(text: string): number {
  // The engine's own search for a single character is several times as fast.
  const next = text.includes("\r") ? lineEndFrom : lineFeedFrom;
  let count = 0;
  for (let at = next(text, 0); at < text.length; at = next(text, afterLineEnd(text, at))) count++;
  return count;
}

function lineFeedFrom(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

/** Where the next line end begins, or the text ends. */
function lineEndFrom(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) return at;
  }
  return text.length;
}

const afterLineEnd = (text: string, end: number) => end + (text.startsWith("\r\n", end) ? 2 : 1);
