/** Texts of files, tokenized in another thread and indexed. The latest text given for a file counts. */
import { LiveIndex } from "../../datastores/live/index.ts";
import { Pace } from "../../datastores/sources/index.ts";
import { messageOf } from "../system/index.ts";

/**
 * Room for about 30 MB of code, which takes 100 MB, and up to 240 MB while many files change. Where there is more code, the
 * nearest files are indexed.
 */
const MAX_TOKENS = 8_000_000;
/** Share of the room that is left where hardly any file finds a place. */
const REST = 0.01;
/** Tokens that tell how long tokens are; before, code is assumed, whose tokens have 3 to 4 characters. */
const ENOUGH_TOKENS = 100_000;
const CODE_CHARACTERS = 3.5;
/** Most failing files that are reported by name: a tokenizer that does not start fails at all files. */
const REPORTED_FAILURES = 10;

/** Texts to tokens, away from the server's own thread. */
export interface Tokenizer {
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
}

interface Dependencies {
  readonly tokenizer: Tokenizer;
  /** Writes to the log. */
  readonly warn: (message: string) => void;
  /** How near a file is to what the user works in: where there is no room, it takes the place of files that are farther. */
  readonly nearness: (path: string) => number;
  /** Ends it: texts tokenized after that are not indexed. */
  readonly closing: AbortSignal;
}

export class TokenizedFiles {
  readonly index = new LiveIndex(MAX_TOKENS);
  /** Counts the changes of each file, so that a slow answer does not replace a newer one. */
  private readonly changes = new Map<string, number>();
  /** Files that could not be tokenized. */
  private failures = 0;
  /** What was tokenized. */
  private readonly seen = { characters: 0, tokens: 0 };
  /** Indexed files at the time of the last ranking, the farthest last; some may have left the index since then. */
  private farthest: { readonly path: string; readonly nearness: number }[] = [];

  constructor(private readonly parts: Dependencies) {}

  /** Characters of the files that there is still room for, estimated; 0 if hardly any file finds a place. */
  get room(): number {
    const left = MAX_TOKENS - this.index.liveTokens;
    return left < REST * MAX_TOKENS ? 0 : left * this.charactersPerToken;
  }

  /** Characters of all files that there is room for, estimated. */
  get capacity(): number {
    return MAX_TOKENS * this.charactersPerToken;
  }

  private get charactersPerToken(): number {
    const { characters, tokens } = this.seen;
    return tokens < ENOUGH_TOKENS ? CODE_CHARACTERS : characters / tokens;
  }

  /** Removes a file, even while its text is being tokenized. */
  remove(path: string): void {
    // A file whose text was never given needs no count.
    if (this.changes.has(path)) this.count(path);
    this.index.remove(path);
  }

  /** Indexes files with their texts, in place of what they held. Resolves when they are searchable. */
  async put(paths: readonly string[], texts: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const changes = paths.map(path => this.count(path));
    const tokens = await this.tokenized(paths, texts);
    const pace = new Pace();
    for (const [i, path] of paths.entries()) {
      if (pace.isDue) await pace.breathe();
      const own = tokens[i];
      if (!own) continue;
      this.seen.characters += texts[i]?.length ?? 0;
      this.seen.tokens += own.length;
      const isWanted = () => !this.parts.closing.aborted && this.changes.get(path) === changes[i];
      while (isWanted() && !this.index.put(path, own)) if (!(await this.removeFarther(path))) break;
    }
  }

  /** Ranks the indexed files by what the user works in now. */
  async rank(): Promise<void> {
    const { nearness, closing } = this.parts;
    const pace = new Pace();
    const ranked: { path: string; nearness: number }[] = [];
    for (const path of this.index.names) {
      if (pace.isDue) await pace.breathe();
      if (closing.aborted) return;
      ranked.push({ path, nearness: nearness(path) });
    }
    // Among equals, those that were indexed first are in front, and so leave last.
    this.farthest = ranked.sort((a, b) => b.nearness - a.nearness);
  }

  /** Whether a file would be kept if it were put: otherwise its text need not be tokenized. */
  async hasRoomFor(path: string): Promise<boolean> {
    if (this.room > 0 || this.index.has(path)) return true;
    await this.rankAnew();
    return this.farther(path) !== undefined;
  }

  /** Removes the file that is farthest from what the user works in; false if none is farther than `path`. */
  private async removeFarther(path: string): Promise<boolean> {
    await this.rankAnew();
    // Nothing may be awaited in between: files that are put at the same time would remove the same file.
    const farther = this.farther(path);
    if (farther === undefined) return false;
    this.farthest.pop();
    this.index.remove(farther);
    return true;
  }

  /** Ranks the indexed files once all those of the last ranking have been removed. */
  private async rankAnew(): Promise<void> {
    if (this.farthest.length === 0) await this.rank();
  }

  /** The file that is farthest from what the user works in, if it is farther than `path`. */
  private farther(path: string): string | undefined {
    const last = this.farthest.at(-1);
    return last && last.nearness < this.parts.nearness(path) ? last.path : undefined;
  }

  private count(path: string): number {
    const change = (this.changes.get(path) ?? 0) + 1;
    this.changes.set(path, change);
    return change;
  }

  /** The tokens of each text; undefined for one that the tokenizer fails at, which must not affect the others. */
  private async tokenized(
    paths: readonly string[],
    texts: readonly string[],
  ): Promise<readonly (Int32Array | undefined)[]> {
    try {
      return await this.parts.tokenizer.tokenize(texts);
    } catch (error) {
      if (this.parts.closing.aborted) return [];
      if (texts.length === 1) {
        if (this.failures++ < REPORTED_FAILURES)
          this.parts.warn(`${paths[0]} is not indexed: ${messageOf(error)}`);
        return [];
      }
    }
    const each: (Int32Array | undefined)[] = [];
    for (const [i, text] of texts.entries()) each.push((await this.tokenized([paths[i] ?? ""], [text]))[0]);
    return each;
  }
}
