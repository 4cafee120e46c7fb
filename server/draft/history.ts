/**
 * The text that drafts are looked up by: what stands before the cursor and what was generated, as a corpus has
 * it tokenized. That differs from the model's own tokens where the cursor stood inside a word: the model goes on
 * with the rest of the word, a corpus has the word whole. So a word the cursor stands in is held back (token
 * healing) until it is whole; meanwhile is looked up what follows the text before it and begins with its letters.
 */
import { type DraftVocabulary, isNameByte } from "./tokenTexts.ts";

/** What is longer is no word, and is looked up as it is. */
const LONGEST_WORD_BYTES = 48;
const NO_BYTES = new Uint8Array(0);

export class TokenHistory {
  /** The first `size` are the history, oldest first. */
  tokens: Int32Array;
  size: number;
  /** The letters of a word that is not whole yet, with the blank before it; empty as a rule. */
  held: Uint8Array = NO_BYTES;
  /** The same as the model has it. */
  heldTokens: number[] = [];

  /**
   * @param context the tokens before the cursor, as the model has them
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

  /** Appends the word that is whole now, and what of its last token does not belong to it. */
  private release(vocabulary: DraftVocabulary, last: Uint8Array, letters: number): void {
    const ending = this.heldTokens[this.heldTokens.length - 1];
    const word = this.held;
    this.held = NO_BYTES;
    this.heldTokens = [];
    for (const token of vocabulary.tokenize(new TextDecoder().decode(word))) this.append(token);
    if (letters === 0) this.append(ending);
    else if (letters < last.length)
      for (const token of vocabulary.tokenize(new TextDecoder().decode(last.subarray(letters))))
        this.append(token);
  }

  /** Takes the tokens of an unfinished word off the end. A token that begins with no letter begins the word. */
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

  /** The history with the word that is held back, as the model has it. */
  whole(): Int32Array {
    const whole = new Int32Array(this.size + this.heldTokens.length);
    whole.set(this.tokens.subarray(0, this.size));
    whole.set(this.heldTokens, this.size);
    return whole;
  }

  private append(token: number): void {
    if (this.size === this.tokens.length) {
      const grown = new Int32Array(2 * this.size + LONGEST_WORD_BYTES);
      grown.set(this.tokens);
      this.tokens = grown;
    }
    this.tokens[this.size++] = token;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
