/** A vocabulary of given pieces and all single bytes; text is cut into the longest piece that fits, from the left. */
import type { DraftVocabulary } from "../../server/draft/tokenTexts.ts";

export class PieceVocabulary implements DraftVocabulary {
  readonly size: number;
  private readonly pieces: readonly Uint8Array[];

  /** @param words the pieces, numbered from 256; the token after the last ends texts */
  constructor(private readonly words: readonly string[]) {
    this.pieces = words.map(word => new TextEncoder().encode(word));
    this.size = 256 + words.length + 1;
  }

  get end(): number {
    return this.size - 1;
  }

  token(word: string): number {
    const index = this.words.indexOf(word);
    if (index < 0) throw new Error(`no piece ${JSON.stringify(word)}`);
    return 256 + index;
  }

  tokenize(text: string): Int32Array {
    const bytes = new TextEncoder().encode(text);
    const tokens: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      let best = -1;
      for (const [index, piece] of this.pieces.entries())
        if (
          piece.every((byte, i) => bytes[at + i] === byte) &&
          piece.length > (this.pieces[best]?.length ?? 0)
        )
          best = index;
      tokens.push(best < 0 ? (bytes[at] as number) : 256 + best);
      at += this.pieces[best]?.length ?? 1;
    }
    return Int32Array.from(tokens);
  }

  bytes(token: number): Uint8Array {
    if (token < 256) return Uint8Array.of(token);
    return this.pieces[token - 256] ?? new Uint8Array(0);
  }

  endsText(token: number): boolean {
    return token === this.end;
  }
}
