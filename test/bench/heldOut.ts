/** Places in real code that no store contains, to be completed with their actual text. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LiveIndex } from "../../datastores/live/index.ts";
import { readFolder } from "../../datastores/sources/index.ts";
import { nearnessTo } from "../../server/corpus/index.ts";
import { type CorpusSource, LiveCorpus, SourceThrottle } from "../../server/draft/index.ts";
import type { Vocabulary, WordTokenizer } from "../../server/engine/index.ts";

/** A place in a held-out file: the tokens before and after it, its actual text, and the project's other files. */
export interface HeldOutSample {
  readonly before: Int32Array;
  readonly script: Int32Array;
  readonly after: Int32Array;
  readonly corpora: readonly CorpusSource[];
}

/** Bounds of files and projects. */
const FILES_PER_PROJECT = { least: 3, indexed: 150, completed: 4 };
const FILE_CHARACTERS = { least: 2_000, most: 120_000 };
const HISTORY_CHARACTERS = 24_000;
const BEHIND_CHARACTERS = 1_500;
const LONGEST_SCRIPT_LINES = 12;
interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** The projects of a folder: its subfolders with their Python files, in a stable order. */
export async function* projects(folder: string, signal: AbortSignal): AsyncGenerator<ProjectFile[]> {
  const names = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  for (const { name } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const files: ProjectFile[] = [];
    for await (const { origin, text } of readFolder(join(folder, name), { signal })) {
      if (text.length >= FILE_CHARACTERS.least && text.length <= FILE_CHARACTERS.most)
        files.push({ path: origin, text: text.replaceAll("\r\n", "\n") });
      if (files.length >= FILES_PER_PROJECT.indexed) break;
    }
    if (files.length >= FILES_PER_PROJECT.least) yield files;
  }
}

/** Places in some files of a project; the other files are indexed like an open workspace. */
export function* heldOutPlaces(
  files: readonly ProjectFile[],
  vocabulary: Vocabulary,
  tokenizer: WordTokenizer,
  placesPerFile: number,
  random: () => number,
): Generator<HeldOutSample> {
  const index = new LiveIndex(1 << 22);
  for (const { path, text } of files) index.put(path, tokenizer.tokenize(text));
  const end = endToken(vocabulary);
  for (let i = 0; i < FILES_PER_PROJECT.completed; i++) {
    const file = files[Math.floor(random() * files.length)];
    if (!file) return;
    const workspace: CorpusSource = {
      name: "workspace",
      corpus: new LiveCorpus(index, { except: file.path, nearness: nearnessTo(file.path) }),
      throttle: new SourceThrottle(),
    };
    for (let place = 0; place < placesPerFile; place++) {
      const found = placeIn(file.text, random);
      const script = vocabulary.tokenize(found.script);
      yield {
        before: vocabulary.tokenize(found.before),
        script: end === undefined ? script : Int32Array.of(...script, end),
        after: vocabulary.tokenize(found.after),
        corpora: [workspace],
      };
    }
  }
}

/** A cursor somewhere in a line, and the text up to the end of that line or of a later one, which must be generated. */
function placeIn(text: string, random: () => number): { before: string; script: string; after: string } {
  const start = text.indexOf("\n", Math.floor(text.length * (0.2 + 0.7 * random()))) + 1;
  const line = text.slice(start, text.indexOf("\n", start));
  const indentation = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  const cursor = start + (random() < 0.5 ? indentation : Math.floor(random() * line.length));
  let stop = text.indexOf("\n", cursor);
  for (let lines = Math.floor(random() ** 2 * LONGEST_SCRIPT_LINES); lines > 0 && stop >= 0; lines--)
    stop = text.indexOf("\n", stop + 1);
  if (stop < 0) stop = text.length;
  return {
    before: text.slice(Math.max(0, cursor - HISTORY_CHARACTERS), cursor),
    script: text.slice(cursor, stop),
    after: text.slice(stop, stop + BEHIND_CHARACTERS),
  };
}

function endToken(vocabulary: Vocabulary): number | undefined {
  for (let token = 0; token < vocabulary.size; token++) if (vocabulary.endsText(token)) return token;
  return undefined;
}
