/** Cached facts about tokens' texts: their bytes, and which kind of text they begin. */

/** The part of a vocabulary that drafting needs. */
export interface DraftVocabulary {
  readonly size: number;
  /** @param isContinued whether the text follows other text */
  tokenize(text: string, isContinued?: boolean): Int32Array;
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

/** What is remembered of a token: one of `TokenKind`, and two bits. */
const KIND = 0b00111;
const BEGINS_IN_NAME = 0b01000;
const ENDS_IN_NAME = 0b10000;

/** One for each vocabulary: facts about a token are determined once. */
export class TokenTexts {
  private readonly known: Uint8Array;

  /** @param vocabulary may be replaced by an equal one */
  constructor(public vocabulary: DraftVocabulary) {
    this.known = new Uint8Array(vocabulary.size);
  }

  /** One of `TokenKind`. */
  kind(token: number): number {
    return this.describe(token) & KIND;
  }

  /** Whether a token continues the name or number that the token before it ends with. */
  isWithinName(before: number, token: number): boolean {
    return (this.describe(before) & ENDS_IN_NAME) !== 0 && (this.describe(token) & BEGINS_IN_NAME) !== 0;
  }

  private describe(token: number): number {
    if (token < 0 || token >= this.known.length) return TokenKind.control;
    if (this.known[token] === TokenKind.unknown)
      this.known[token] = description(this.vocabulary.bytes(token));
    return this.known[token];
  }
}

function description(bytes: Uint8Array): number {
  const kind = kindOf(bytes);
  if (bytes.length === 0) return kind;
  const begins = isNamePart(bytes[0]) ? BEGINS_IN_NAME : 0;
  return kind | begins | (isNamePart(bytes[bytes.length - 1]) ? ENDS_IN_NAME : 0);
}

/** Letters of other scripts are written in bytes from 128 on. */
const isNamePart = (byte: number) => isNameByte(byte) || byte >= 128;

/** A word may begin with a blank, as most tokens of words do; nothing but blanks is an indentation. */
function kindOf(bytes: Uint8Array): number {
  if (bytes.length === 0) return TokenKind.control;
  let at = 0;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  if (at === bytes.length || bytes[at] === NEWLINE) return TokenKind.lineBreak;
  return isNamePart(bytes[at]) ? TokenKind.word : TokenKind.punctuation;
}
