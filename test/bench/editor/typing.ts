/** Types at a place in real time: the typist's strokes on a keyboard, and the files for it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { HeldOutFunction } from "./pythonFunctions.ts";
import type { Stroke, Typist } from "./typist.ts";

/** An editor to type into. */
export interface Keyboard {
  /** The ghost text after the cursor, if it belongs to the typed text; else "". */
  shown(typed: string): Promise<string>;
  /** @param typed the resulting text from the beginning of the place's first line to the cursor */
  press(stroke: Stroke, typed: string): Promise<void>;
}

/** A key that was pressed. */
export interface TimedStroke {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly stroke: Stroke;
  /** As in `Keyboard.press`. */
  readonly typed: string;
}

/** Types until the text is complete, or the limit of keys is reached. */
export async function typeOut(
  typist: Typist,
  keyboard: Keyboard,
  mostKeys = Number.POSITIVE_INFINITY,
): Promise<TimedStroke[]> {
  const strokes: TimedStroke[] = [];
  let last = performance.now();
  while (!typist.isDone && strokes.length < mostKeys) {
    await pause(Math.max(0, last + typist.pauseMs() - performance.now()));
    last = performance.now();
    const stroke = typist.next(await keyboard.shown(typist.typed));
    if (stroke.kind === "look") continue;
    strokes.push({ at: Date.now(), stroke, typed: typist.typed });
    await keyboard.press(stroke, typist.typed);
  }
  return strokes;
}

/** Presses keys again with the same pauses. */
export async function typeAgain(strokes: readonly TimedStroke[], keyboard: Keyboard): Promise<void> {
  const start = Date.now() - (strokes[0]?.at ?? 0);
  for (const { at, stroke, typed } of strokes) {
    await pause(Math.max(0, start + at - Date.now()));
    await keyboard.press(stroke, typed);
  }
}

/** The file before anything is typed in it. */
export const cutText = ({ before, margin, after }: HeldOutFunction): string => before + margin + after;

/** The cursor after the typed text; line and character are counted from 0. */
export function cursorAfter({ before }: HeldOutFunction, typed: string): { line: number; character: number } {
  const lines = typed.split("\n");
  return {
    line: before.split("\n").length + lines.length - 2,
    character: lines.at(-1)?.length ?? 0,
  };
}

export interface Workspace {
  readonly folder: string;
  dispose(): void;
}

/** A workspace of the modules without their functions. */
export function makeWorkspace(places: readonly HeldOutFunction[]): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-typing-"));
  for (const place of places) writeFileSync(join(folder, place.module), cutText(place));
  return { folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
