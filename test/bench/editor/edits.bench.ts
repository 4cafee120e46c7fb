/**
 * `npm run bench:edits [-- --keys N --seed S]`: changes between releases of real packages, typed key by key.
 *
 * The places are those of the suite `edits`: above the cursor the new release, below it the old one, the other files of
 * the package in the workspace. A simulated user deletes the old release's text, types the new one's, with slips, and
 * accepts suggestions that are right (typist.ts). The server is asked after each key, with drafts and without,
 * alternating place by place.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomNumbers } from "../../../server/draft/index.ts";
import { editedPackages } from "../edits.ts";
import { formatSpread, spread, table } from "../figures.ts";
import { type Problem, sample } from "../suites.ts";
import { editFigures, type TypedEdits } from "./editFigures.ts";
import { circumstances, writeResult } from "./figures.ts";
import { PlainEditor } from "./plainEditor.ts";
import type { HeldOutFunction } from "./pythonFunctions.ts";
import { readRecords } from "./requestRecords.ts";
import { startServer } from "./serverProcess.ts";
import { typeOut } from "./typing.ts";
import { Typist } from "./typist.ts";

const KEYS = 600;
/** Number of prepared places: typing one to its end takes at least 20 keys. */
const PLACES = 40;
/** Lengths of typed texts, in characters. */
const LENGTH = { least: 20, most: 400 };

interface TypedPlace extends HeldOutFunction {
  readonly uri: string;
  /** Text that is deleted before anything is typed. */
  readonly deleted: string;
}

/** The place in the typist's form; undefined if it cannot be typed key by key. */
function typable({ uri, prefix, suffix, script = "", deleted = "" }: Problem): TypedPlace | undefined {
  const text = script.trimEnd();
  if (text.length < LENGTH.least || text.length > LENGTH.most || !/^[\x20-\x7e\n]*$/.test(text))
    return undefined;
  if (/[ \t]\n|\n\n\n/.test(text)) return undefined;
  const line = prefix.lastIndexOf("\n") + 1;
  const after = script.slice(text.length) + suffix;
  return {
    uri,
    module: uri,
    before: prefix.slice(0, line),
    margin: prefix.slice(line),
    text,
    after,
    deleted,
  };
}

interface Side {
  readonly name: string;
  readonly typed: TypedEdits[];
  readonly open: (place: TypedPlace) => PlainEditor;
  readonly recordFile: string;
  readonly stop: () => void;
}

/** A tuned server with or without drafts. */
async function side(name: string, drafts: boolean, folders: readonly string[]): Promise<Side> {
  const storageDirectory = mkdtempSync(join(tmpdir(), "foretoken-edits-"));
  const recordFile = join(storageDirectory, "requests.jsonl");
  const server = await startServer({
    env: { FORETOKEN_RECORD: recordFile },
    folders,
    initializationOptions: { settings: { firstDatastore: false, drafts }, storageDirectory },
  });
  await server.tuned();
  const stop = () => {
    server.stop();
    rmSync(storageDirectory, { recursive: true, force: true });
  };
  return {
    name,
    typed: [],
    open: place => new PlainEditor(server, place.uri, place, place.deleted),
    recordFile,
    stop,
  };
}

const { values } = parseArgs({
  options: { keys: { type: "string", default: `${KEYS}` }, seed: { type: "string", default: "1" } },
});
const [keys, seed] = [Number(values.keys), Number(values.seed)];
if (!Number.isInteger(keys) || !Number.isInteger(seed))
  throw new Error("--keys and --seed are whole numbers.");
const packages = editedPackages();
const places = sample(
  packages.flatMap(({ problems }) => problems).flatMap(problem => typable(problem) ?? []),
  PLACES,
);
const folders = packages.map(({ folder }) => folder);
const sides = [await side("with drafts", true, folders), await side("without", false, folders)];
let pressed = 0;
try {
  for (const [index, place] of places.entries()) {
    if (pressed >= keys) break;
    for (const { typed, open, recordFile } of index % 2 ? [...sides].reverse() : sides) {
      const from = existsSync(recordFile) ? readRecords(recordFile).length : 0;
      const editor = open(place);
      // The same slips and pauses on both sides.
      const typist = new Typist(place.text, place.margin, randomNumbers(seed + index));
      const strokes = await typeOut(typist, editor);
      await editor.close();
      typed.push({ strokes, records: readRecords(recordFile).slice(from) });
    }
    pressed += sides[0]?.typed.at(-1)?.strokes.length ?? 0;
  }
} finally {
  for (const { stop } of sides) stop();
}
const figures = sides.map(({ name, typed }) => ({ name, ...editFigures(typed) }));
writeResult("edits", { ...circumstances(), seed, figures });
const [drafting, plain] = figures;
const ratios = spread(
  (drafting?.completeMs ?? [])
    .map((ms, i) => (plain?.completeMs[i] ?? Number.NaN) / ms)
    .filter(Number.isFinite),
);
const { hardware, date } = circumstances();
console.log(`${hardware}, ${date}; ${places.length} places, ${pressed} keys with drafts\n`);
console.log(
  table(
    [
      "",
      "keys",
      "accepted, characters",
      "first text, ms, p50 / p90",
      "whole suggestion, ms, p50 / p90",
      "tokens decoded a key",
      "for nothing",
    ],
    figures.map(({ name, keys: count, accepted, first, whole, tokensPerKey, unused }) => [
      name,
      `${count}`,
      `${accepted}`,
      first,
      whole,
      tokensPerKey.toFixed(2),
      `${Math.round(100 * unused)}%`,
    ]),
  ),
);
console.log(`\nwhole suggestions, without to with drafts, place by place: ${formatSpread(ratios, 2)}`);
process.exit(0);
