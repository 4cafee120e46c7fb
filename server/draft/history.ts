/**
 * The text that drafts are looked up by: the text before the cursor and the generated text, tokenized as in a corpus.
 * That differs from the model's own tokens if the cursor was inside a word: the model continues with the rest of the
 * word, but a corpus has the whole word. So an unfinished word is held back (token healing) until it is complete. Until
 * then, drafts are looked up after the text before the word, and must begin with its letters.
 */
import { grown } from "./grown.ts";
import { type DraftVocabulary, isNameByte } from "./tokenTexts.ts";

/** Anything longer is not a word, and is looked up as it is. */
const LONGEST_WORD_BYTES = 48;
const NO_BYTES = new Uint8Array(0);

export class TokenHistory {
  /** The first `size` are the history, oldest first. */
  tokens: Int32Array;
  size: number;
  /** The letters of an unfinished word, with the blank before it; usually empty. */
  held: Uint8Array = NO_BYTES;
  /** The same in the model's own tokens. */
  heldTokens: number[] = [];

  /**
   * @param context the model's tokens before the cursor
   * @param vocabulary without it no word is held back
   */
  constructor(
    context: Int32Array,
    private readonly vocabulary?: DraftVocabulary,
  ) {
    this.tokens = new Int32Array(context.length + 256);
    this.tokens.set(context);
    this.size = context.length;
    if (vocabulary) this.holdBack(vocabulary);
  }

  /** Records a decided token. */
  push(token: number): void {
    const { vocabulary } = this;
    if (this.heldTokens.length === 0 || !vocabulary) {
      this.append(token);
      return;
    }
    const bytes = vocabulary.bytes(token);
    let letters = 0;
    while (letters < bytes.length && isNameByte(bytes[letters])) letters++;
    this.held = joined(this.held, bytes.subarray(0, letters));
    this.heldTokens.push(token);
    const whole = letters < bytes.length || bytes.length === 0;
    if (whole || this.held.length > LONGEST_WORD_BYTES) this.release(vocabulary, bytes, letters);
  }

  /** Appends the word, which is complete now, and the part of its last token that does not belong to it. */
  private release(vocabulary: DraftVocabulary, last: Uint8Array, letters: number): void {
    const ending = this.heldTokens[this.heldTokens.length - 1];
    const word = this.held;
    this.held = NO_BYTES;
    this.heldTokens = [];
    const append = (part: Uint8Array, isContinued: boolean) => {
      for (const token of vocabulary.tokenize(new TextDecoder().decode(part), isContinued))
        this.append(token);
    };
    append(word, this.size > 0);
    if (letters === 0) this.append(ending);
    else if (letters < last.length) append(last.subarray(letters), true);
  }

  /** Removes the tokens of an unfinished word from the end. A token that does not begin with a letter begins the word. */
  private holdBack(vocabulary: DraftVocabulary): void {
    let held = NO_BYTES;
    let cut = this.size;
    for (let begun = false; cut > 0 && !begun; cut--) {
      const piece = vocabulary.bytes(this.tokens[cut - 1]);
      if (piece.length === 0 || !isNameByte(piece[piece.length - 1])) break;
      held = joined(piece, held);
      begun = !isNameByte(piece[0]);
    }
    if (held.length > LONGEST_WORD_BYTES) return;
    this.heldTokens = [...this.tokens.subarray(cut, this.size)];
    this.held = held;
    this.size = cut;
  }

  /** The history with the held-back word, in the model's own tokens. */
  whole(): Int32Array {
    const whole = new Int32Array(this.size + this.heldTokens.length);
    whole.set(this.tokens.subarray(0, this.size));
    whole.set(this.heldTokens, this.size);
    return whole;
  }

  private append(token: number): void {
    if (this.size === this.tokens.length)
      this.tokens = grown(this.tokens, 2 * this.size + LONGEST_WORD_BYTES);
    this.tokens[this.size++] = token;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
