/**
 * Completions that were computed, to be shown again without the model: at the same place, while the user types their
 * text, after backspace, and when only the indentation has changed.
 *
 * Exact: a completion is found only if the whole document before and after its place is unchanged, apart from its own typed
 * beginning. The structure is a table by document and text after the cursor rather than a trie by the text before it: typing
 * does not change the text after the cursor, so one entry of the table holds all candidates, and a few comparisons of short
 * strings decide between them. A trie would need the hash of the text before every length. Re-indented text is the exception:
 * the model was not asked at exactly that column.
 */

import { Scanner } from "../postprocess/index.ts";
import type { FinishReason } from "../protocol/index.ts";
import { type LanguageRules, type Lexicon, languageRules } from "../syntax/index.ts";
import {
  type BlankLine,
  blankLine,
  type Cursor,
  type DocumentPosition,
  type Hash,
  sameHash,
  typedSince,
} from "../text/index.ts";
import { isWithheld } from "./reserve.ts";
import type { CompletionUsage } from "./tokenUsage.ts";

interface CachedCompletion {
  readonly place: DocumentPosition;
  /** May be empty: the model was asked and had nothing to add. */
  readonly text: string;
  readonly finishReason: FinishReason;
  /** Mean probability of the first line, where it is known. */
  readonly confidence: number | undefined;
  /** Whether it was computed for a request that the user made explicitly, for which nothing is held back. */
  readonly explicit: boolean;
  readonly usage: CompletionUsage;
}

export interface Found {
  /** How the text was found, as in `Outcome`. */
  readonly kind: "cached" | "typedThrough" | "reindented";
  /** The text to show; empty only if the model had nothing to add at this very place. */
  readonly text: string;
  readonly completion: CachedCompletion;
}

const ENTRIES = 250;

export class CompletionCache {
  /** By document and text after; the latest last. */
  private readonly table = new Map<string, Set<CachedCompletion>>();
  /** All of them, the least recently used first. */
  private readonly recency = new Set<CachedCompletion>();

  /** @param entries how many are kept */
  constructor(private readonly entries = ENTRIES) {}

  get size(): number {
    return this.recency.size;
  }

  add(completion: CachedCompletion): void {
    const key = keyOf(completion.place, completion.place.after);
    const bucket = this.table.get(key) ?? new Set();
    for (const known of bucket) if (samePlace(known.place, completion.place)) this.drop(known);
    bucket.add(completion);
    this.table.set(key, bucket);
    this.recency.add(completion);
    const [oldest] = this.recency;
    if (oldest && this.recency.size > this.entries) this.drop(oldest);
  }

  /**
   * The completion for a cursor; the nearest place first, and text for the same column before re-indented text.
   * @param explicit whether the user asks explicitly: then nothing is held back
   */
  find(cursor: Cursor, explicit: boolean): Found | undefined {
    const { snapshot, hash } = cursor;
    const bucket = this.table.get(keyOf(snapshot, hash.after(snapshot.offset)));
    if (!bucket) return undefined;
    let best: Found | undefined;
    for (const completion of bucket) {
      const { place, text } = completion;
      if (best && place.offset <= best.completion.place.offset) continue;
      const typed = typedSince(place, cursor, text.length);
      if (typed === "" && serves(completion, explicit)) best = { kind: "cached", text, completion };
      else if (typed && typed.length < text.length && text.startsWith(typed))
        best = { kind: "typedThrough", text: text.slice(typed.length), completion };
    }
    best ??= this.findReindented(cursor, bucket, explicit);
    if (best) this.touch(best.completion);
    return best;
  }

  clear(): void {
    this.table.clear();
    this.recency.clear();
  }

  private findReindented(
    cursor: Cursor,
    bucket: ReadonlySet<CachedCompletion>,
    explicit: boolean,
  ): Found | undefined {
    const line = blankLine(cursor);
    if (!line) return undefined;
    for (const completion of bucket) {
      const known = completion.place.line;
      if (!known || !sameHash(known.before, line.before)) continue;
      if (!serves(completion, explicit)) continue;
      const rules = languageRules(completion.place.languageId);
      const text = reindented(completion.text, known, line, rules);
      if (text !== undefined) return { kind: "reindented", text, completion };
    }
    return undefined;
  }

  private touch(completion: CachedCompletion): void {
    this.recency.delete(completion);
    this.recency.add(completion);
  }

  private drop(completion: CachedCompletion): void {
    this.recency.delete(completion);
    const key = keyOf(completion.place, completion.place.after);
    const bucket = this.table.get(key);
    bucket?.delete(completion);
    if (bucket?.size === 0) this.table.delete(key);
  }
}

/** Whether a completion answers a request for its very place. */
const serves = (completion: CachedCompletion, explicit: boolean) =>
  explicit ? !isWithheld(completion.finishReason) : !completion.explicit;

/** The language belongs to the key: texts of another language end in other places. */
const keyOf = ({ uri, languageId }: Pick<DocumentPosition, "uri" | "languageId">, [high, low]: Hash) =>
  `${high}:${low}:${languageId}:${uri}`;

const samePlace = (a: DocumentPosition, b: DocumentPosition) =>
  a.offset === b.offset && sameHash(a.before, b.before);

/** Whether a line of a text begins within a string: its indentation is then part of the string's value. */
function hasLineInString(text: string, lexicon: Lexicon): boolean {
  let found = false;
  new Scanner(lexicon).scan(text, {
    at: (index, state) => {
      found ||= text[index - 1] === "\n" && state !== "within" && state?.kind === "string";
    },
  });
  return found;
}

/** A text for a line with another indentation; undefined if its lines cannot be re-indented or would change their meaning. */
function reindented(
  text: string,
  from: BlankLine,
  to: BlankLine,
  { lexicon, indented }: LanguageRules,
): string | undefined {
  const [first = "", ...rest] = text.split("\n");
  // Text with its own indentation is at the column that the model wanted.
  if (/^\s/.test(first) || first === "") return undefined;
  const deeper = to.indentation.startsWith(from.indentation);
  if (!deeper && (indented || !from.indentation.startsWith(to.indentation))) return undefined;
  if (rest.length > 0 && hasLineInString(text, lexicon)) return undefined;
  const added = to.indentation.slice(from.indentation.length);
  const lines = [first];
  for (const line of rest) {
    if (line.trim() === "") lines.push(line);
    else if (deeper) lines.push(added + line);
    else if (line.startsWith(from.indentation))
      lines.push(to.indentation + line.slice(from.indentation.length));
    else return undefined;
  }
  return lines.join("\n");
}
