/** What tokens look like, remembered: their bytes, and which kind of text they begin. */

/** The part of a vocabulary that drafting needs. */
export interface DraftVocabulary {
  readonly size: number;
  tokenize(text: string): Int32Array;
  /** UTF-8 bytes of a token; empty for control tokens. */
  bytes(token: number): Uint8Array;
  /** Whether the model ends its text with this token. */
  endsText(token: number): boolean;
}

export const TokenKind = { unknown: 0, word: 1, punctuation: 2, lineBreak: 3, control: 4 } as const;

const NEWLINE = 10;
const isBlank = (byte: number) => byte === 32 || byte === 9;
/** Whether a byte is a letter of the names that programs are made of. */
export const isNameByte = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;

/** One for each vocabulary: kinds are found out once. */
export class TokenTexts {
  private readonly kinds: Uint8Array;

  /** @param vocabulary may be replaced by an equal one */
  constructor(public vocabulary: DraftVocabulary) {
    this.kinds = new Uint8Array(vocabulary.size);
  }

  /** One of `TokenKind`. */
  kind(token: number): number {
    if (token < 0 || token >= this.kinds.length) return TokenKind.control;
    if (this.kinds[token] === TokenKind.unknown) this.kinds[token] = kindOf(this.vocabulary.bytes(token));
    return this.kinds[token];
  }
}

/** A word may begin with a blank, as most tokens of words do; nothing but blanks is an indentation. */
function kindOf(bytes: Uint8Array): number {
  if (bytes.length === 0) return TokenKind.control;
  let at = 0;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  if (at === bytes.length || bytes[at] === NEWLINE) return TokenKind.lineBreak;
  return isNameByte(bytes[at]) || bytes[at] >= 128 ? TokenKind.word : TokenKind.punctuation;
}
