/**
 * A tokenizer for masses of code. A byte-pair tokenizer's words have the same tokens wherever they stand
 * (`pretokenizer.ts`), and code repeats its words: each is given to llama.cpp once and then looked up.
 *
 * The tokens are llama.cpp's own. A text with all kinds of characters checks that words are cut where llama.cpp
 * cuts them. If they are not, or if the tokenizer's way of cutting is unknown, whole texts go to llama.cpp, as do
 * texts with digits that not every Unicode version has: that is slower but never wrong.
 */
import { createHash } from "node:crypto";
import type { Vocabulary } from "./engine.ts";
import { type Cut, pretokenizer } from "./pretokenizer.ts";

/** Words are forgotten all at once beyond this number: about 150 MB. */
const MAX_WORDS = 1_000_000;
/** Longer words are data, which does not recur. */
const LONGEST_WORD = 48;

/** Characters that only one of JavaScript and llama.cpp may treat as digits, as their Unicode versions differ. */
const UNSURE_CHARACTER = /\p{Cn}|(?=[\u{10000}-\u{10ffff}])\p{N}/u;

/** A text that shows whether words are cut in another way. */
const TRIAL = [
  "def f(self, x=1, *, y2_z=3.14159e10):\r\n\treturn {'a': [x] * 1234567, \"b\": not x}  \n\n\n    # caf\u00e9 na\u00efve\n",
  "I'm you're WE'LL it'S don't '''doc''' '\\n'\n  \n\t\t \n    class A_B(C):pass\r\r\n\n;;  x  =  ((1,),)\n!!\n\n??",
  "\u4f60\u597d\u4e16\u754c \u0661\u0662\u0663 \u00bd\u00b2 x\u00b2 \u{1f642}\u{1f44d}\u{1f3fd} \u200d\u00a0\u3000a\u0301 \u05e9\u05dc\u05d5\u05dd \u0000\u0007 \ufeff<|x|> </s> 0x7fFF 1_000 --->=== @@ \\\\\n",
  "\u1e9e\u01c5 \u2160 \ud800 end   ",
].join("\n");

export interface CorpusVocabulary extends Omit<Vocabulary, "fingerprint"> {
  /** `tokenizer.ggml.pre`. */
  readonly pretokenizerKind: string;
}

export class WordTokenizer {
  /** The tokens of a word: one, or where several stand in `pool`, coded as minus one minus their index. */
  private readonly words = new Map<string, number>();
  private readonly pool: Int32Array[] = [];
  private readonly cut: Cut | undefined;
  private room = new Int32Array(1 << 16);

  constructor(private readonly vocabulary: CorpusVocabulary) {
    this.cut = pretokenizer(vocabulary.pretokenizerKind);
    if (this.cut && !sameTokens(this.byWords(TRIAL, this.cut), vocabulary.tokenize(TRIAL)))
      this.cut = undefined;
  }

  /** Whether words are looked up; otherwise texts go to llama.cpp whole. */
  get isFast(): boolean {
    return this.cut !== undefined;
  }

  tokenize(text: string): Int32Array {
    const { cut, vocabulary } = this;
    const isCutOtherwise =
      vocabulary.userDefined.some(word => text.includes(word)) || UNSURE_CHARACTER.test(text);
    return cut && !isCutOtherwise ? this.byWords(text, cut) : vocabulary.tokenize(text);
  }

  private byWords(text: string, cut: Cut): Int32Array {
    const { words, pool } = this;
    let count = 0;
    for (const word of cut(text)) {
      const code = words.get(word);
      if (code !== undefined && code >= 0) {
        if (count === this.room.length) this.makeRoom(count);
        this.room[count++] = code;
        continue;
      }
      const tokens = code === undefined ? this.learn(word) : pool[-1 - code];
      if (count + tokens.length > this.room.length) this.makeRoom(count + tokens.length);
      this.room.set(tokens, count);
      count += tokens.length;
    }
    return this.room.slice(0, count);
  }

  private learn(word: string): Int32Array {
    const { words, pool } = this;
    const tokens = this.vocabulary.tokenize(word);
    if (word.length > LONGEST_WORD) return tokens;
    if (words.size >= MAX_WORDS) {
      words.clear();
      pool.length = 0;
    }
    words.set(word, tokens.length === 1 ? tokens[0] : -pool.push(tokens));
    return tokens;
  }

  private makeRoom(needed: number): void {
    const larger = new Int32Array(2 * Math.max(needed, this.room.length));
    larger.set(this.room);
    this.room = larger;
  }
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((token, i) => token === b[i]);
}

/** Identifies a tokenizer: a store made with it serves every model with the same tokenizer. */
export function tokenizerFingerprint(vocabulary: CorpusVocabulary): string {
  const hash = createHash("sha256");
  const length = new Int32Array(1);
  for (let token = 0; token < vocabulary.size; token++) {
    const bytes = vocabulary.bytes(token);
    length[0] = bytes.length;
    hash.update(length).update(bytes);
  }
  return hash.update(vocabulary.pretokenizerKind).digest("hex").slice(0, 32);
}
