/** A vocabulary with control tokens, and places in documents. */
import type { PromptVocabulary } from "../../../../server/prompt/formats.ts";

/** Control tokens have the ids from here on; all other tokens are UTF-16 units. */
const CONTROL = 0x10000;

/** A vocabulary of single characters with a model's control tokens. */
export class ControlVocabulary implements PromptVocabulary {
  readonly special;
  constructor(
    private readonly controls: readonly string[],
    { beginning = "", fill = [] as readonly string[], private: matched = [] as string[] } = {},
  ) {
    this.matched = matched;
    const [fillPrefix, fillSuffix, fillMiddle] = fill.map(text => this.find(text));
    this.special = { beginning: this.find(beginning), fillPrefix, fillSuffix, fillMiddle };
  }
  /** Control tokens that are looked for in every text. */
  private readonly matched: readonly string[];
  find(text: string): number | undefined {
    const index = this.controls.indexOf(text);
    return index < 0 ? undefined : CONTROL + index;
  }
  tokenize(text: string, _isContinued?: boolean): Int32Array {
    const tokens: number[] = [];
    for (let i = 0; i < text.length; i++) {
      const match = this.matched.find(each => text.startsWith(each, i));
      tokens.push(match === undefined ? text.charCodeAt(i) : (this.find(match) ?? 0));
      i += (match?.length ?? 1) - 1;
    }
    return Int32Array.from(tokens);
  }
  /** Control tokens in guillemets, so that text which looks like one does not pass for it. */
  written(tokens: Int32Array): string {
    return [...tokens]
      .map(token => (token < CONTROL ? String.fromCharCode(token) : `«${this.controls[token - CONTROL]}»`))
      .join("");
  }
}

export const snapshot = (marked: string, uri = "file:///project/main.py") => ({
  uri,
  languageId: "python",
  version: 1,
  text: marked.replace("‸", ""),
  offset: marked.indexOf("‸"),
});
