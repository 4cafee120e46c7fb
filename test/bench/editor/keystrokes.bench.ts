/**
 * `npm run bench:keystrokes [-- --keys N --seed S]`: a simulated user's typing, replayed in the page of a real VS Code.
 *
 * Real functions are typed at their places, with slips and corrections, and suggestions that are right are accepted
 * (typist.ts). The measurements are the server's records of each request, and what the page's frames showed (flicker.ts).
 * In VS Code most keys that agree with ghost text cause no request, so the same keys then go to a server alone,
 * from a client that sends a request after each. Finally, typing in files of a thousand lines reports how much of each
 * prompt is found in the KV cache. Goals are reported, not asserted. The records and frames are kept in out/bench.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { randomNumbers } from "../../../server/draft/index.ts";
import type { Settings } from "../../../server/protocol/index.ts";
import { changedFrames } from "../../editor/page.ts";
import { outputFolder } from "../../editor/paths.mjs";
import { standardLibrary } from "../codeFiles.ts";
import { openTypingEditor, type TypingPosition } from "./editorTyping.ts";
import { circumstances, writeResult } from "./figures.ts";
import { keystrokeTable } from "./keystrokeTable.ts";
import { PlainEditor } from "./plainEditor.ts";
import { type HeldOutFunction, heldOutFunctions, inLongFile } from "./pythonFunctions.ts";
import { type RecordedRequest, readRecords, slowest, typingFigures } from "./requestRecords.ts";
import { startServer } from "./serverProcess.ts";
import { sightFigures, strokeFigures } from "./sightFigures.ts";
import { makeWorkspace, typeAgain, typeOut } from "./typing.ts";
import { Typist } from "./typist.ts";

const KEYS = 2_000;
/** Keys that warm everything up before counting begins. */
const WARM_UP_KEYS = 60;
const LONG_FILE_KEYS = 150;
const SLOWEST = 10;
/** Number of prepared places: typing one to its end takes at least 100 keys. */
const PLACES = 40;

const library = standardLibrary();

/** A file for a server's records, empty. */
function recordFile(name: string): string {
  const folder = join(outputFolder, "bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `keystrokes-${name}.jsonl`);
  rmSync(file, { force: true });
  return file;
}

/** The records of a file from the one at `from` on, and the record before them. */
function recordsFrom(file: string, from: number): [RecordedRequest[], RecordedRequest | undefined] {
  const records = readRecords(file);
  return [records.slice(from), records[from - 1]];
}

/** Of a recording, the frames that show something else than the one before. */
const changesOnly = ({ place, keys, frames, clockStart }: TypingPosition) => ({
  module: place.module,
  clockStart,
  keys,
  frames: changedFrames({ frames }),
});

interface Typed {
  readonly warmUp: TypingPosition;
  readonly places: readonly TypingPosition[];
  readonly records: readonly RecordedRequest[];
  readonly before: RecordedRequest | undefined;
}

/** Types in VS Code until `keys` keys have been pressed, always to the end of a function. */
async function inEditor(
  held: readonly HeldOutFunction[],
  keys: number,
  random: () => number,
): Promise<Typed> {
  const workspace = makeWorkspace(held);
  const file = recordFile("editor");
  const editor = await openTypingEditor(workspace.folder, file);
  try {
    const [first, ...others] = held;
    if (!first) throw new Error("There is no function to type.");
    const typist = (place: HeldOutFunction) => new Typist(place.text, place.margin, random);
    const warmUp = await editor.type(first, typist(first), WARM_UP_KEYS);
    const from = readRecords(file).length;
    const places: TypingPosition[] = [];
    let pressed = 0;
    for (const place of others) {
      const typed = await editor.type(place, typist(place));
      places.push(typed);
      pressed += typed.strokes.length;
      process.stdout.write(`${place.module}: ${typed.strokes.length} keys, ${pressed} of ${keys}\n`);
      if (pressed >= keys) break;
    }
    const [records, before] = recordsFrom(file, from);
    return { warmUp, places, records, before };
  } finally {
    await editor.dispose();
    workspace.dispose();
  }
}

/** A server alone, whose records go to a file; `open` opens a place's file in it. */
async function startAlone(folder: string, file: string, settings: Partial<Settings> = {}) {
  const storageDirectory = mkdtempSync(join(tmpdir(), "foretoken-storage-"));
  const server = await startServer({
    env: { FORETOKEN_RECORD: file },
    folders: [folder],
    initializationOptions: { settings: { firstDatastore: false, ...settings }, storageDirectory },
  });
  await server.tuned();
  const open = (place: HeldOutFunction) =>
    new PlainEditor(server, pathToFileURL(join(folder, place.module)).href, place);
  const stop = () => {
    server.stop();
    rmSync(storageDirectory, { recursive: true, force: true });
  };
  return { open, stop };
}

/** The same keys with the same pauses, from a client that sends a request after each. */
async function alone(held: readonly HeldOutFunction[], { warmUp, places }: Typed) {
  const workspace = makeWorkspace(held);
  const file = recordFile("alone");
  const { open, stop } = await startAlone(workspace.folder, file);
  try {
    let from = 0;
    for (const typed of [warmUp, ...places]) {
      const editor = open(typed.place);
      await typeAgain(typed.strokes, editor);
      await editor.close();
      if (typed === warmUp) from = readRecords(file).length;
    }
    return typingFigures(...recordsFrom(file, from));
  } finally {
    stop();
    workspace.dispose();
  }
}

/** Typing in a file of a thousand lines, accepting suggestions that are right. */
async function inLongFileAlone(place: "end" | "middle", reuse: Settings["reuse"], random: () => number) {
  const held = inLongFile(place, library, random);
  const workspace = makeWorkspace([held]);
  const file = recordFile(`long-${place}-${reuse}`);
  const { open, stop } = await startAlone(workspace.folder, file, { reuse });
  try {
    const editor = open(held);
    await typeOut(new Typist(held.text, held.margin, random), editor, LONG_FILE_KEYS);
    await editor.close();
    const { requests, outcomes, promptTokensComputed, firstTextMs } = typingFigures(readRecords(file));
    return { module: held.module, requests, outcomes, promptTokensComputed, firstTextMs };
  } finally {
    stop();
    workspace.dispose();
  }
}

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: `${KEYS}` },
    seed: { type: "string", default: "1" },
  },
});
const keys = Number(values.keys);
const seed = Number(values.seed);
if (!Number.isInteger(keys) || !Number.isInteger(seed))
  throw new Error("--keys and --seed are whole numbers.");
const held = heldOutFunctions(library, PLACES, randomNumbers(seed));
// Separate random numbers for each run: what one run shows decides how many it uses.
const typed = await inEditor(held, keys, randomNumbers(seed + 1));
writeResult("keystrokes-seen", typed.places.map(changesOnly));
const result = {
  ...circumstances(),
  seed,
  typing: strokeFigures(typed.places),
  editor: typingFigures(typed.records, typed.before),
  page: sightFigures(typed.places, typed.records),
  alone: await alone(held, typed),
  slowest: slowest(typed.records, SLOWEST),
  longFileEnd: await inLongFileAlone("end", "auto", randomNumbers(seed + 2)),
  longFileMiddle: await inLongFileAlone("middle", "auto", randomNumbers(seed + 3)),
  longFileMiddleShifted: await inLongFileAlone("middle", "shifted", randomNumbers(seed + 3)),
};
writeResult("keystrokes", result);
console.log(keystrokeTable(result));
process.exit(0);
