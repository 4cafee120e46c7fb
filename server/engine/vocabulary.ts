import type { SpecialTokens, Token } from "./engine.ts";
import type { Library, Pointer } from "./libllama.ts";
import { type CorpusVocabulary, tokenizerFingerprint } from "./wordTokenizer.ts";

const NO_BYTES = new Uint8Array(0);
const BLANK = 32;
/** Bits of llama.cpp's token attributes: control tokens, and those whose text is looked for in every text. */
const CONTROL = 8;
const USER_DEFINED = 16;

/** The tokenizer inside libllama. Pieces are fetched once per token and kept. */
export class LlamaVocabulary implements CorpusVocabulary {
  readonly size: number;
  readonly special: SpecialTokens;
  private knownFingerprint: string | undefined;
  private userDefinedTexts: readonly string[] | undefined;
  private knownControlTokens: ReadonlyMap<string, Token> | undefined;
  private readonly pieces: (Uint8Array | undefined)[] = [];
  private readonly encoder = new TextEncoder();
  private knownLineFeed: Int32Array | undefined;
  private room = new Int32Array(4096);
  private piece = new Uint8Array(256);

  constructor(
    private readonly library: Library,
    private readonly vocab: Pointer,
    readonly pretokenizerKind: string,
  ) {
    this.size = library.vocabTokens(vocab);
    const optional = (token: number) => (token < 0 ? undefined : token);
    this.special = {
      beginning: library.vocabAddsBeginning(vocab) ? optional(library.vocabBeginning(vocab)) : undefined,
      fillPrefix: optional(library.vocabFillPrefix(vocab)),
      fillSuffix: optional(library.vocabFillSuffix(vocab)),
      fillMiddle: optional(library.vocabFillMiddle(vocab)),
    };
  }

  get fingerprint(): string {
    this.knownFingerprint ??= tokenizerFingerprint(this);
    return this.knownFingerprint;
  }

  get userDefined(): readonly string[] {
    if (this.userDefinedTexts) return this.userDefinedTexts;
    const texts: string[] = [];
    const decoder = new TextDecoder();
    for (let token = 0; token < this.size; token++)
      if (this.library.vocabAttributes(this.vocab, token) & USER_DEFINED)
        texts.push(decoder.decode(this.bytes(token)));
    this.userDefinedTexts = texts.filter(text => text !== "");
    return this.userDefinedTexts;
  }

  get controlTokens(): ReadonlyMap<string, Token> {
    if (this.knownControlTokens) return this.knownControlTokens;
    const tokens = new Map<string, Token>();
    for (let token = 0; token < this.size; token++)
      if (this.library.vocabAttributes(this.vocab, token) & CONTROL)
        tokens.set(this.writtenText(token), token);
    tokens.delete("");
    this.knownControlTokens = tokens;
    return tokens;
  }

  /** A token as templates write it; empty where there is no such token. */
  writtenText(token: Token): string {
    return token >= 0 && token < this.size ? new TextDecoder().decode(this.fetchPiece(token, true)) : "";
  }

  tokenize(text: string, isContinued = false): Int32Array {
    if (!isContinued || text === "" || !this.putsBlankBefore) return this.tokenizeAs(text, false);
    // The blank comes before a line feed, and both are cut off again.
    const tokens = this.tokenizeAs(`\n${text}`, false);
    const isWhole = this.lineFeed.every((token, i) => token === tokens[i]);
    return isWhole ? tokens.slice(this.lineFeed.length) : this.tokenizeAs(text, false);
  }

  private get lineFeed(): Int32Array {
    this.knownLineFeed ??= this.tokenizeAs("\n", false);
    return this.knownLineFeed;
  }

  /** As SentencePiece's tokenizers do. */
  private get putsBlankBefore(): boolean {
    return this.lineFeed.length > 0 && this.bytes(this.lineFeed[0])[0] === BLANK;
  }

  find(text: string): Token | undefined {
    const [token, ...others] = this.tokenizeAs(text, true);
    if (token === undefined || others.length > 0) return undefined;
    return this.library.vocabAttributes(this.vocab, token) & (CONTROL | USER_DEFINED) ? token : undefined;
  }

  /** @param control whether the texts of control tokens are read as such */
  private tokenizeAs(text: string, control: boolean): Int32Array {
    // Bytes and an explicit length: a NUL in the text is a character like any other.
    const bytes = this.encoder.encode(text);
    if (bytes.length === 0) return new Int32Array(0);
    if (this.room.length < bytes.length + 16) this.room = new Int32Array(bytes.length * 2);
    const count = this.library.tokenize(
      this.vocab,
      bytes,
      bytes.length,
      this.room,
      this.room.length,
      false,
      control,
    );
    if (count < 0) throw new Error(`tokenizer asked for room for ${-count} tokens, had ${this.room.length}`);
    return this.room.slice(0, count);
  }

  bytes(token: Token): Uint8Array {
    const known = this.pieces[token];
    if (known) return known;
    const piece = this.fetchPiece(token);
    this.pieces[token] = piece;
    return piece;
  }

  endsText(token: Token): boolean {
    return this.library.vocabEndsText(this.vocab, token);
  }

  /** @param control whether a control token yields the text it is written as, or an empty one */
  private fetchPiece(token: Token, control = false): Uint8Array {
    const fetch = () =>
      this.library.tokenToPiece(this.vocab, token, this.piece, this.piece.length, 0, control);
    let length = fetch();
    if (length < 0) {
      this.piece = new Uint8Array(-length);
      length = fetch();
    }
    return length <= 0 ? NO_BYTES : this.piece.slice(0, length);
  }
}
