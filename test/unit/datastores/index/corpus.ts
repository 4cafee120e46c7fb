/** Small corpora for the index's tests, and the exhaustive search that results are compared with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { DocumentEntry } from "../../../../datastores/index/documents.ts";
import type { ShardMetadata } from "../../../../datastores/index/format.ts";
import { type Residence, Shard } from "../../../../datastores/index/shard.ts";
import { DEPTH, SEPARATOR } from "../../../../datastores/index/sort.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { below } from "../../../fakes/random.ts";

export interface Corpus {
  readonly tokens: Uint32Array;
  readonly documents: DocumentEntry[];
  readonly metadata: ShardMetadata;
}

export const metadataOf = (vocabularySize: number): ShardMetadata => ({
  tokenizer: "test-tokenizer",
  vocabularySize,
  textBytes: 1234,
  source: { kind: "test", names: ["a", "b"] },
  created: "2026-01-02T03:04:05.000Z",
  builder: "test 1",
});

/** Joins documents, a separator after each. */
export function corpusOf(texts: readonly (readonly number[])[], vocabularySize = 1000): Corpus {
  const tokens: number[] = [];
  const documents = texts.map((text, i) => {
    const start = tokens.length;
    for (const token of text) tokens.push(token);
    tokens.push(SEPARATOR);
    return {
      start,
      length: text.length,
      origin: `owner/repository-${i} folder/file ${i}.py`,
      licences: i % 2 === 0 ? ["MIT"] : ["Apache-2.0", "BSD-3-Clause"],
      repositories: [`owner/repository-${i}`],
      contentId: i % 3 === 0 ? "" : `content-${i}`,
    };
  });
  return { tokens: Uint32Array.from(tokens), documents, metadata: metadataOf(vocabularySize) };
}

/** Documents of tokens below `alphabet`, times `spacing`; pieces of earlier ones are repeated, as in code. */
export function randomTexts(random: () => number, count: number, alphabet: number, spacing = 1): number[][] {
  const texts: number[][] = [];
  for (let i = 0; i < count; i++) {
    const text = Array.from({ length: below(random, 60) }, () => spacing * below(random, alphabet));
    const earlier = texts[below(random, texts.length + 1)];
    if (earlier) text.splice(below(random, text.length + 1), 0, ...earlier.slice(below(random, 10)));
    texts.push(text);
  }
  return texts;
}

export interface Occurrence {
  readonly position: number;
  readonly length: number;
}

/** All positions that are continued, with the length of the suffix of `context` before them; not those of 0. */
export function occurrencesOf(
  tokens: Uint32Array,
  context: readonly number[],
  skipped: (position: number) => boolean = () => false,
): Occurrence[] {
  const found: Occurrence[] = [];
  for (let position = 1; position < tokens.length; position++) {
    if (tokens[position] === SEPARATOR || skipped(position)) continue;
    let length = 0;
    while (
      length < DEPTH &&
      length < context.length &&
      length < position &&
      tokens[position - 1 - length] === context[context.length - 1 - length]
    )
      length++;
    if (length > 0) found.push({ position, length });
  }
  return found;
}

/** The tokens from a position on, -1 from the document's end on. */
export function continuationAt(tokens: Uint32Array, position: number, count: number): number[] {
  const all = [...tokens.subarray(position, position + count)];
  const end = all.indexOf(SEPARATOR);
  const kept = end < 0 ? all : all.slice(0, end);
  return [...kept, ...Array<number>(count - kept.length).fill(-1)];
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-index-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The ways to make a shard; a search must find the same in all. */
export const WAYS = ["built in memory", "loaded from a file", "read from a file"] as const;
export type Way = (typeof WAYS)[number];

export async function shardOf(way: Way, corpus: Corpus, path: string): Promise<Shard> {
  if (way === "built in memory") return Shard.fromTokens(corpus.tokens, corpus.documents, corpus.metadata);
  await writeShard(path, corpus);
  const residence: Residence = way === "read from a file" ? "file" : "memory";
  return Shard.open(path, residence);
}
