/**
 * The tokens of one shard as numbers that fit two bytes. Numbers rise with the tokenizer's ids, so both sort in the
 * same order. Everywhere in the index a token's *key* is its number plus one, and zero means "no token here": a
 * separator, a document's beginning, a token the shard does not have.
 */

export interface TokenKeys {
  /** Key of a tokenizer's id; 0 if the shard cannot have it. */
  keyOf(token: number): number;
  /** The tokenizer's id of a key; -1 for 0, and for invalid keys of a damaged file. */
  tokenOf(key: number): number;
  readonly residentBytes: number;
}

/** Keys that are the ids plus one, for a vocabulary of a given size. */
export class PlainKeys implements TokenKeys {
  readonly residentBytes = 0;

  constructor(private readonly vocabularySize: number) {}

  keyOf(token: number): number {
    return token >= 0 && token < this.vocabularySize ? token + 1 : 0;
  }

  tokenOf(key: number): number {
    return key <= this.vocabularySize ? key - 1 : -1;
  }
}

/** Keys by a list of the ids that occur. */
export class DictionaryKeys implements TokenKeys {
  private readonly keys: Uint16Array;

  /** @param tokens the ids that occur, ascending; at most 65,535 */
  constructor(readonly tokens: Uint32Array) {
    this.keys = new Uint16Array(tokens.length === 0 ? 0 : tokens[tokens.length - 1] + 1);
    for (let i = 0; i < tokens.length; i++) this.keys[tokens[i]] = i + 1;
  }

  get residentBytes(): number {
    return this.tokens.byteLength + this.keys.byteLength;
  }

  keyOf(token: number): number {
    return token >= 0 && token < this.keys.length ? this.keys[token] : 0;
  }

  tokenOf(key: number): number {
    return key > 0 && key <= this.tokens.length ? this.tokens[key - 1] : -1;
  }
}

/** Whether ids ascend and stay below the vocabulary's size, as the constructor of `DictionaryKeys` requires. */
export function isDictionary(tokens: Uint32Array, vocabularySize: number): boolean {
  for (let i = 1; i < tokens.length; i++) if (tokens[i] <= tokens[i - 1]) return false;
  return tokens.length === 0 || tokens[tokens.length - 1] < vocabularySize;
}
