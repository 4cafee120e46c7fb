/** Typing in the page of a real VS Code, with the frames drawn meanwhile. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { isEmpty, readGhostText, recordGhostText, waitForStatus, waitUntil } from "../../editor/page.ts";
import { root } from "../../editor/paths.mjs";
import type { Frame } from "../../editor/probe.ts";
import { type CodeServer, openWorkbench, startCodeServer, type Workbench } from "../../editor/workbench.ts";
import type { TypedKey } from "./flicker.ts";
import type { HeldOutFunction } from "./pythonFunctions.ts";
import { cursorAfter, cutText, type Keyboard, type TimedStroke, typeOut } from "./typing.ts";
import type { Typist } from "./typist.ts";

/** What happened while a function was typed. */
export interface TypingPosition {
  readonly place: HeldOutFunction;
  readonly strokes: readonly TimedStroke[];
  /** The same keys in the page's clock. */
  readonly keys: readonly TypedKey[];
  readonly frames: readonly Frame[];
  /** Milliseconds since 1970 at which the page's clock was 0. */
  readonly clockStart: number;
}

export interface TypingEditor {
  /** Types a function at its place, saves, and compares the file with the expected text. Throws if it differs. */
  type(place: HeldOutFunction, typist: Typist, mostKeys?: number): Promise<TypingPosition>;
  dispose(): Promise<void>;
}

/** The editor's own boxes over the text would distort the measurements, and brackets must not close automatically. */
const SETTINGS = {
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.parameterHints.enabled": false,
  "editor.autoClosingBrackets": "never",
  "editor.autoClosingQuotes": "never",
  "editor.stickyScroll.enabled": false,
  "editor.detectIndentation": false,
};

/** What is drawn after the last key. */
const SETTLE_MS = 1_500;
const TUNING_MS_MAX = 90_000;

/** @param folder the workspace, which is copied @param recordFile file for the server's records of requests */
export async function openTypingEditor(folder: string, recordFile: string): Promise<TypingEditor> {
  const server = await startCodeServer({
    workspace: folder,
    settings: SETTINGS,
    env: { FORETOKEN_RECORD: recordFile },
  });
  let workbench: Workbench | undefined;
  try {
    workbench = await openWorkbench(server, { developmentFolder: root });
    await waitForStatus(workbench.page, "zap");
    await waitUntil("the tuning", () => isTuned(server), TUNING_MS_MAX);
    return typingEditor(server, workbench);
  } catch (error) {
    await workbench?.dispose();
    await server.dispose();
    throw error;
  }
}

/** Whether the server has finished the measurements that it makes once per machine. */
function isTuned({ workspace }: CodeServer): boolean {
  const storage = join(dirname(workspace), "server", "data", "User", "globalStorage", "foretoken.foretoken");
  return existsSync(join(storage, "tuning"));
}

function typingEditor(server: CodeServer, workbench: Workbench): TypingEditor {
  const { page } = workbench;
  return {
    async type(place, typist, mostKeys) {
      try {
        await goTo(page, place);
        const typed = await record(page, place, typist, mostKeys);
        await saveAndCompare(page, join(server.workspace, place.module), place, typist.typed);
        return typed;
      } catch (error) {
        await workbench.explainFailure("failed-keystrokes");
        throw error;
      }
    },
    async dispose() {
      await workbench.dispose();
      await server.dispose();
    },
  };
}

/** Opens the place's file with the cursor where the function will be typed. */
async function goTo(page: Page, place: HeldOutFunction): Promise<void> {
  const { line, character } = cursorAfter(place, place.margin);
  const input = page.locator(".quick-input-widget input.input");
  const row = page.locator(".quick-input-list .monaco-list-row").filter({ hasText: place.module }).first();
  const focused = page.locator(`.editor-instance .monaco-editor.focused[data-uri$="/${place.module}"]`);
  const position = page.locator('.statusbar-item[id="status.editor.selection"]');
  const wanted = `Ln ${line + 1}, Col ${character + 1}`;
  await page.keyboard.press("Control+P");
  await input.waitFor();
  await input.fill(`${place.module}:${line + 1}:${character + 1}`);
  await row.waitFor();
  await page.keyboard.press("Enter");
  await input.waitFor({ state: "hidden" });
  await waitUntil(`the cursor at ${wanted} in ${place.module}`, async () => {
    return (await focused.count()) === 1 && (await position.textContent())?.includes(wanted);
  });
}

async function record(
  page: Page,
  place: HeldOutFunction,
  typist: Typist,
  mostKeys: number | undefined,
): Promise<TypingPosition> {
  const stop = await recordGhostText(page);
  const clockStart = await page.evaluate(() => performance.timeOrigin);
  const strokes = await typeOut(typist, keyboardOf(page), mostKeys);
  await page.waitForTimeout(SETTLE_MS);
  const { frames, keys } = await stop();
  if (keys.length !== strokes.length)
    throw new Error(`${strokes.length} keys were pressed and ${keys.length} arrived in the page.`);
  const timed = keys.map(({ at }, index) => ({ at, typed: strokes[index]?.typed ?? "" }));
  return { place, strokes, keys: timed, frames, clockStart };
}

function keyboardOf(page: Page): Keyboard {
  return {
    async shown(typed) {
      const ghost = await readGhostText(page);
      const line = typed.slice(typed.lastIndexOf("\n") + 1);
      if (isEmpty(ghost) || (ghost.inline !== "" && ghost.before !== line)) return "";
      return [ghost.inline, ...ghost.lines].join("\n");
    },
    async press(stroke) {
      if (stroke.kind === "character") await page.keyboard.type(stroke.character);
      else if (stroke.kind === "enter") await page.keyboard.press("Enter");
      else if (stroke.kind === "backspace") await page.keyboard.press("Backspace");
      else if (stroke.kind === "accept") await page.keyboard.press("Tab");
    },
  };
}

async function saveAndCompare(
  page: Page,
  file: string,
  place: HeldOutFunction,
  typed: string,
): Promise<void> {
  await page.keyboard.press("Control+S");
  const read = () => readFileSync(file, "utf8");
  // VS Code empties the file before writing it: a read in between is neither the old nor the new text.
  await waitUntil("the saved file", () => read() !== cutText(place) && read() !== "");
  const expected = place.before + typed + place.after;
  await waitUntil("the whole file", () => read() === expected, 2_000).catch(() => {
    throw new Error(`What was typed in ${place.module} differs: ${firstDifference(expected, read())}`);
  });
}

function firstDifference(expected: string, found: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 60), at + 40));
  return `${around(found)} stands where ${around(expected)} should`;
}
