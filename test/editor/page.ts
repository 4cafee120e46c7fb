/**
 * User actions and visible state of the workbench, as small functions over the page.
 */
import type { Locator, Page } from "playwright-core";
import { until } from "../fakes/until.ts";
import type { Frame, GhostText, RecordedFrames, Recording } from "./probe.ts";

/** VS Code gives a status bar item the id publisher.name.item. */
const STATUS_ITEM = '.statusbar-item[id="foretoken.foretoken.foretoken.status"]';
const POLL_MS = 30;
/** VS Code may take this many frames to redraw the same ghost text; users only notice longer gaps. */
const REDRAW_FRAMES = 2;

/** As `until`, but leaves the page time to draw. */
export const waitUntil = <T>(what: string, probe: () => Promise<T> | T, msMax?: number, pollMs = POLL_MS) =>
  until(what, probe, msMax, pollMs);

/** The currently visible ghost text. */
export function readGhostText(page: Page): Promise<GhostText> {
  return page.evaluate(() => foretokenProbe.read());
}

/** The text from the line's beginning on if the ghost text were accepted: its whole line and those below. */
export function acceptedText(ghost: GhostText): string {
  return [ghost.wholeLine, ...ghost.lines].join("\n");
}

export const isEmpty = (ghost: GhostText): boolean => ghost.inline === "" && ghost.lines.length === 0;

/** Waits for ghost text that fulfils the condition. */
export async function waitForGhostText(
  page: Page,
  what: string,
  condition: (ghost: GhostText) => boolean = () => true,
  msMax?: number,
): Promise<GhostText> {
  const found = async () => {
    const ghost = await readGhostText(page);
    return !isEmpty(ghost) && condition(ghost) ? ghost : undefined;
  };
  return waitUntil(what, found, msMax);
}

/** Waits until the ghost text has stopped growing: the server is idle and two reads agree. */
export async function finishedGhostText(page: Page): Promise<GhostText> {
  await waitForGhostText(page, "the first ghost text");
  await waitForStatus(page, "zap", 30_000);
  return waitUntil("ghost text that stays as it is", async () => {
    const ghost = await readGhostText(page);
    await page.waitForTimeout(400);
    const later = await readGhostText(page);
    return !isEmpty(ghost) && acceptedText(ghost) === acceptedText(later) ? later : undefined;
  });
}

/**
 * Records ghost text at animation frames, until the returned function is called. Only the page's own frames
 * report what users could have seen.
 */
export async function recordGhostText(
  page: Page,
  which: RecordedFrames = "all",
): Promise<() => Promise<Recording>> {
  await page.evaluate(frames => foretokenProbe.start(frames), which);
  return () => page.evaluate(() => foretokenProbe.stop());
}

/** The frames of a recording that differ from the previous one. */
export function changedFrames({ frames }: Pick<Recording, "frames">): Frame[] {
  return frames.filter((frame, index) => {
    const previous = frames[index - 1];
    return frame.line !== previous?.line || frame.below !== previous.below;
  });
}

/**
 * The rule for growing ghost text: once visible, it never vanishes and is only ever extended. It applies to
 * the line and the lines below it separately, as VS Code may draw the two a frame apart.
 * @param typed the typed line: ghost text for a part of it may go away with the next key
 * @returns what broke the rule, or undefined
 */
export function findFlicker({ frames }: Recording, typed: string): string | undefined {
  const first = frames.findIndex(({ line, before, below }) =>
    line === "" ? below !== "" : before.startsWith(typed),
  );
  if (first < 0) return "no ghost text was recorded";
  let [shown] = frames.slice(first);
  for (let index = first + 1; shown && index < frames.length; index++) {
    const before = shown;
    const soon = frames.slice(index, index + 1 + REDRAW_FRAMES);
    const kept = soon.find(frame => extendsText(before, frame));
    if (!kept) {
      const told = [before, ...soon].map(frame => JSON.stringify(frame));
      return `ghost text that was shown went: ${told.join(", ")}`;
    }
    shown = kept;
    index += soon.indexOf(kept);
  }
  return undefined;
}

const extendsText = (before: Frame, after: Frame) =>
  after.line.startsWith(before.line) && after.below.startsWith(before.below);

/**
 * Puts the cursor at the end of an open file. Keys sent before the editor has the focus go elsewhere, so this
 * waits for the focus and then for the position in the status bar.
 */
export async function focusAtEnd(page: Page, file: string, line: number, column: number): Promise<void> {
  const editor = page.locator(`.editor-instance .monaco-editor[data-uri$="/${file}"]`).first();
  await editor.waitFor();
  const focused = page.locator(`.editor-instance .monaco-editor.focused[data-uri$="/${file}"]`);
  const position = page.locator('.statusbar-item[id="status.editor.selection"]');
  await waitUntil(`the cursor at ${line}:${column} in ${file}`, async () => {
    await editor.locator(".view-lines").first().click();
    await page.keyboard.press("Control+End");
    await page.waitForTimeout(150);
    if ((await focused.count()) !== 1) return false;
    return (await position.textContent())?.includes(`Ln ${line}, Col ${column}`);
  });
}

/** Opens a file of the workspace with the cursor at a position, both counted from 1. */
export async function openAt(page: Page, file: string, line: number, column: number): Promise<void> {
  await page.keyboard.press("F1");
  const input = page.locator(".quick-input-widget input.input");
  await input.waitFor();
  await input.fill(`${file}:${line}:${column}`);
  await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: file }).first().waitFor();
  await page.keyboard.press("Enter");
  await input.waitFor({ state: "hidden" });
  await page.locator(`.editor-instance .monaco-editor.focused[data-uri$="/${file}"]`).waitFor();
  const position = page.locator('.statusbar-item[id="status.editor.selection"]');
  // The column shown there counts a tab as several.
  await waitUntil(`the cursor in line ${line} of ${file}`, async () =>
    (await position.textContent())?.includes(`Ln ${line},`),
  );
}

/** Types key by key, with a pause after each. */
export async function typeText(page: Page, text: string, { delayMs }: { delayMs: number }): Promise<void> {
  await page.keyboard.type(text, { delay: delayMs });
}

/** Runs a command from the command palette by its title; pass `asks` if it opens another choice. */
export async function runCommand(page: Page, title: string, { asks = false } = {}): Promise<void> {
  const input = page.locator(".quick-input-widget input.input");
  // What happened before may still move the focus, which closes the palette.
  await waitUntil("the command palette", async () => {
    await page.keyboard.press("F1");
    await input.fill(`>${title}`, { timeout: 3_000 });
    return true;
  });
  await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title }).first().waitFor();
  await page.keyboard.press("Enter");
  if (!asks) await input.waitFor({ state: "hidden" });
}

export interface StatusItem {
  /** Without its icon. */
  readonly text: string;
  /** Names of the icons, as in `$(zap)`. */
  readonly icons: readonly string[];
  /** The text for screen readers. */
  readonly label: string;
}

/** Foretoken's item in the status bar, once it exists. */
export async function statusText(page: Page): Promise<StatusItem> {
  const item: Locator = page.locator(STATUS_ITEM);
  return item.evaluate(element => ({
    text: (element.textContent ?? "").replace(/\u00a0/g, " ").trim(),
    icons: [...element.querySelectorAll(".codicon")].flatMap(icon =>
      [...icon.classList]
        .filter(name => /^codicon-(?!modifier)/.test(name))
        .map(name => name.slice("codicon-".length)),
    ),
    label: element.querySelector("a")?.getAttribute("aria-label") ?? element.getAttribute("aria-label") ?? "",
  }));
}

/** Waits for a label of the status bar for screen readers; the error reports the last one. */
export async function waitForLabel(page: Page, wanted: RegExp, msMax = 30_000): Promise<void> {
  await waitUntil(
    `${wanted} in the status bar's label`,
    async () => {
      const { label } = await statusText(page);
      if (wanted.test(label)) return true;
      throw new Error(label);
    },
    msMax,
  );
}

/** Waits for the status bar to show one of the icons. */
/** @param pollMs time between two checks, each of which takes the browser some milliseconds */
export async function waitForStatus(
  page: Page,
  icon: string,
  msMax = 90_000,
  pollMs = POLL_MS,
): Promise<StatusItem> {
  await page.locator(STATUS_ITEM).waitFor({ timeout: msMax });
  const shown = async () => {
    const status = await statusText(page);
    return status.icons.includes(icon) ? status : undefined;
  };
  return waitUntil(`$(${icon}) in the status bar`, shown, msMax, pollMs);
}
