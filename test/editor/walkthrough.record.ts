/**
 * Takes the walkthrough's pictures from a real VS Code, light and dark: media/walkthrough/NAME-THEME.png, and the README's.
 *
 *     node out/test/editor/walkthrough.record.mjs      (the bundles must be built, and the editor installed)
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  finishedGhostText,
  focusAtEnd,
  runCommand,
  statusText,
  typeText,
  waitForStatus,
  waitUntil,
} from "./page.ts";
import { root } from "./paths.mjs";
import { openWorkbench, sampleWorkspace, startCodeServer } from "./workbench.ts";

const FILE = "sample.py";
const LAST_LINE = 32;
const BEGINNING = "def is_empty(stock):\n";
const FOLDER = join(root, "media", "walkthrough");
const SIZE = { width: 760, height: 560 };
const THEMES = { light: "Default Light Modern", dark: "Default Dark Modern" } as const;
/** A pause long enough for tuning the engine. */
const IDLE_MS = 8_000;
/** Most bytes that the pictures may add to the packages. */
const MOST_BYTES = 200_000;

/** A driver that renders on the processor would be taken for a graphics card. */
const NO_DRIVERS = { VK_DRIVER_FILES: "none", VK_ICD_FILENAMES: "none" };

const SETTINGS = {
  "editor.wordBasedSuggestions": "off",
  "editor.minimap.enabled": false,
  "editor.inlineSuggest.showToolbar": "always",
  "editor.cursorSurroundingLines": 9,
  "window.commandCenter": false,
  "workbench.activityBar.location": "hidden",
  "breadcrumbs.enabled": false,
  "editor.stickyScroll.enabled": false,
};

interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

async function recordTheme(theme: keyof typeof THEMES): Promise<void> {
  const settings = { ...SETTINGS, "workbench.colorTheme": THEMES[theme] };
  const server = await startCodeServer({ workspace: sampleWorkspace, settings, env: NO_DRIVERS });
  const workbench = await openWorkbench(server, { developmentFolder: root, file: FILE, size: SIZE });
  const { page } = workbench;
  const take = (name: string, clip: Clip) =>
    page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`), clip, animations: "disabled" });
  try {
    await waitForStatus(page, "zap");
    await runCommand(page, "View: Close Primary Side Bar");
    await takeSuggestions(page, take);
    if (theme === "light") await takeWindow(page);
    await untilMeasured(page);
    await takeLists(page, take);
    await takeStatus(page, take);
  } catch (error) {
    await workbench.explainFailure(`walkthrough-${theme}`);
    throw error;
  } finally {
    await workbench.dispose();
    await server.dispose();
  }
}

type Take = (name: string, clip: Clip) => Promise<unknown>;

/** Ghost text, then the same with two words accepted. */
async function takeSuggestions(page: Page, take: Take): Promise<void> {
  await focusAtEnd(page, FILE, LAST_LINE, 1);
  await typeText(page, BEGINNING, { delayMs: 90 });
  const ghost = await finishedGhostText(page);
  const { y } = await boxOf(page, ".ghost-text-decoration, .ghost-text");
  const below = 20 * Math.min(ghost.lines.length + 1, 6);
  await withoutToolbar(page, () => take("completion", { x: 0, y: y - 60, width: 440, height: 60 + below }));
  for (let words = 0; words < 2; words++) {
    await page.keyboard.press("Control+ArrowRight");
    await page.waitForTimeout(600);
  }
  await take("accept", { x: 0, y: y - 60, width: 440, height: 120 });
  await page.keyboard.press("Escape");
}

/** Hides the toolbar of suggestions, which would cover the line above. */
async function withoutToolbar(page: Page, work: () => Promise<unknown>): Promise<void> {
  const style = await page.addStyleTag({
    content: ".inlineSuggestionsHints { opacity: 0 !important; visibility: hidden !important; }",
  });
  await work();
  await style.evaluate(element => (element as unknown as { remove(): void }).remove());
}

/** The README's picture: the whole window with ghost text, after the state that the previous pictures have left. */
async function takeWindow(page: Page): Promise<void> {
  await focusAtEnd(page, FILE, LAST_LINE + 1, 1);
  await runCommand(page, "Undo");
  await page.keyboard.press("Control+End");
  await runCommand(page, "Foretoken: Trigger Completion");
  await finishedGhostText(page);
  const path = join(root, "media", "screenshot.png");
  await withoutToolbar(page, () => page.screenshot({ path, animations: "disabled" }));
  await page.keyboard.press("Escape");
}

/** Completes until a text is shown after drafts were made: from then on the cost of other models is known as well. */
async function untilMeasured(page: Page): Promise<void> {
  let attempts = 0;
  await waitUntil(
    "figures of drafts",
    async () => {
      await page.waitForTimeout(IDLE_MS);
      await page.keyboard.press("Control+End");
      await typeText(page, `\n\n\ndef load_${"abcdefghijklmnop"[attempts++]}`, { delayMs: 90 });
      await page.waitForTimeout(2_000);
      const { label } = await statusText(page);
      return /Last completion:/.test(label) && /Acceptance of drafts/.test(label);
    },
    200_000,
  );
}

/** The lists of models and of datastore sources. */
async function takeLists(page: Page, take: Take): Promise<void> {
  for (const [name, command] of [
    ["model", "Foretoken: Choose Model"],
    ["datastore", "Foretoken: Rebuild Datastore"],
  ] as const) {
    await runCommand(page, command, { asks: true });
    await page
      .locator(".quick-input-title")
      .filter({ hasText: /Model|Datastore/ })
      .waitFor();
    await page.waitForTimeout(500);
    const { x, y, width } = await boxOf(page, ".quick-input-widget");
    await take(name, { x, y, width, height: 172 });
    await page.keyboard.press("Escape");
  }
}

/** The status bar item with all its figures, and its tooltip. */
async function takeStatus(page: Page, take: Take): Promise<void> {
  const item = page.locator('.statusbar-item[id="foretoken.foretoken.foretoken.status"]');
  await item.hover();
  await page.locator(".workbench-hover").first().waitFor();
  await page.waitForTimeout(600);
  const hover = await boxOf(page, ".workbench-hover");
  const [left, top] = [Math.max(0, hover.x - 8), Math.max(0, hover.y - 8)];
  await take("numbers", { x: left, y: top, width: SIZE.width - left, height: SIZE.height - top });
}

async function boxOf(page: Page, selector: string): Promise<Clip> {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`${selector} is not on the screen.`);
  return box;
}

mkdirSync(FOLDER, { recursive: true });
for (const theme of ["light", "dark"] as const) await recordTheme(theme);
const names = ["completion", "model", "datastore", "accept", "numbers"];
const files = names.flatMap(name => ["light", "dark"].map(theme => join(FOLDER, `${name}-${theme}.png`)));
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
console.log(`${files.length} pictures, ${Math.round(bytes / 1000)} kB`);
if (bytes > MOST_BYTES) throw new Error(`They are to be smaller than ${MOST_BYTES / 1000} kB.`);
