/**
 * Foretoken as a user sees it: keys go into the page of a real VS Code, and the tests check what is drawn
 * there and what is in the saved file.
 *
 * The steps share one window and follow each other; when one fails, the rest are skipped.
 * With FORETOKEN_VSIX the packed extension is installed and used; otherwise the checkout, loaded for
 * development. Screenshots of each step go to out/screenshots.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import {
  acceptedText,
  changedFrames,
  findFlicker,
  finishedGhostText,
  focusAtEnd,
  readGhostText,
  recordGhostText,
  runCommand,
  typeText,
  waitForGhostText,
  waitForLabel,
  waitForStatus,
  waitUntil,
} from "./page.ts";
import { root } from "./paths.mjs";
import type { GhostText } from "./probe.ts";
import {
  type CodeServer,
  openWorkbench,
  sampleWorkspace,
  screenshot,
  startCodeServer,
  vsixUnderTest,
  type Workbench,
} from "./workbench.ts";

const FILE = "sample.py";
/** Ends within a name, where any model has something to add on the same line. */
const BEGINNING = "def save_";
const TYPING_MS = 90;
/** The list of words opens only when it is asked for: otherwise it might come first, and Tab would accept one of them. */
const SETTINGS = { "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" } };
/** Long enough for the editor's own pause before a request, the server and a slow machine. */
const NO_GHOST_MS = 2_000;

let server: CodeServer;
let workbench: Workbench;
let page: Page;
let failed = false;

/** A test that saves a screenshot and the logs when it fails, and is skipped after a failure. */
function step(title: string, run: () => Promise<void>): void {
  test(title, async context => {
    if (failed) return context.skip("a step before it failed");
    try {
      await run();
    } catch (error) {
      failed = true;
      await workbench.explainFailure(`failed-${title.replace(/\W+/g, "-")}`);
      throw error;
    }
  });
}

const savedFile = () => readFileSync(join(server.workspace, FILE), "utf8");

/** Saves, and compares the file on disk. */
async function saveAndCompare(expected: string): Promise<void> {
  const before = savedFile();
  await page.keyboard.press("Control+S");
  // VS Code empties the file before writing it: a read in between is neither the old nor the new text.
  await waitUntil("the saved file", () => savedFile() !== before && savedFile() !== "");
  assert.equal(savedFile(), expected);
}

/** Puts the cursor on the last line, which is empty. */
async function goToEnd(text: string): Promise<void> {
  const lines = text.split("\n");
  await focusAtEnd(page, FILE, lines.length, (lines.at(-1)?.length ?? 0) + 1);
}

describe("ghost text in the page of a real VS Code", { timeout: 300_000 }, () => {
  before(async () => {
    server = await startCodeServer({ workspace: sampleWorkspace, vsix: vsixUnderTest, settings: SETTINGS });
    // A packed extension is tested without any of the test flags, where a file cannot be named in the address.
    workbench = await openWorkbench(server, vsixUnderTest ? {} : { developmentFolder: root, file: FILE });
    page = workbench.page;
    if (vsixUnderTest) await openFromExplorer();
  });

  after(async () => {
    await workbench?.dispose();
    await server?.dispose();
  });

  step("the status bar says when the server is ready", async () => {
    const status = await waitForStatus(page, "zap");
    assert.match(status.text, /Foretoken|ms/);
    assert.match(status.label, /\w+ \w+/, "a screen reader is told more than the icon");
    await screenshot(page, "1-ready");
  });

  step("ghost text appears, grows without flicker, and Tab inserts exactly what was shown", async () => {
    const original = savedFile();
    await goToEnd(original);
    const stopRecording = await recordGhostText(page);
    // Inserted at once: completions of the first keys could leave nothing for the last key.
    await page.keyboard.insertText(BEGINNING);
    await waitForGhostText(page, "ghost text");
    await screenshot(page, "2-first-ghost-text");
    const ghost = await finishedGhostText(page);
    await screenshot(page, "3-whole-ghost-text");

    const recording = await stopRecording();
    assert.equal(findFlicker(recording, BEGINNING), undefined);
    const states = changedFrames(recording).filter(frame => frame.line.startsWith(BEGINNING));
    assert.ok(states.length >= 2, `it grew: ${JSON.stringify(states)}`);

    await page.keyboard.press("Tab");
    await waitUntil("the ghost text to be gone", async () => !(await readGhostText(page)).inline);
    await saveAndCompare(original + acceptedText(ghost));
    await screenshot(page, "4-accepted");
  });

  step("typing along with the ghost text keeps the rest visible without flicker", async () => {
    await startNewFunction("");
    const stopRecording = await recordGhostText(page);
    await typeText(page, BEGINNING, { delayMs: TYPING_MS });
    const ghost = await finishedGhostText(page);
    // Up to a bracket or quote, for which the editor would insert the closing one.
    const agreeing = /^[^()[\]{}"'`]{0,6}/.exec(ghost.inline)?.[0] || ghost.inline.slice(0, 1);
    await typeText(page, agreeing, { delayMs: TYPING_MS });
    await page.waitForTimeout(300);
    const recording = await stopRecording();
    assert.equal(findFlicker(recording, ghost.before), undefined);
    const left = await readGhostText(page);
    assert.equal(left.before, ghost.before + agreeing);
    await screenshot(page, "5-typed-through");
    await page.keyboard.press("Escape");
  });

  step("a bracket that the editor auto-closes is not duplicated on acceptance", async () => {
    await startNewFunction(BEGINNING);
    const original = readFileSync(join(sampleWorkspace, FILE), "utf8");
    const ghost = await finishedGhostText(page);
    const bracket = ghost.inline.indexOf("(");
    assert.ok(bracket >= 0, `a bracket in ${JSON.stringify(ghost.inline)}`);
    await typeText(page, ghost.inline.slice(0, bracket + 1), { delayMs: TYPING_MS });
    await waitForGhostText(page, "the rest of the ghost text");
    await screenshot(page, "5-bracket-typed");
    await page.keyboard.press("Tab");
    await waitUntil("the ghost text to be gone", async () => !(await readGhostText(page)).inline);
    await saveAndCompare(original + acceptedText(ghost));
  });

  step("the status bar shows the latency and the number of accepted suggestions", async () => {
    await waitForLabel(page, /Suggestions accepted since the start: 2 of \d/);
    const { text, label } = await waitForStatus(page, "zap");
    assert.match(text, /^(.+ · cpu · )?\d+ ms( · \d\.\d×)?( · \d+%)?$/);
    assert.match(label, /Last completion: first text after \d/);
  });

  step("a workspace datastore is built from the command palette and shown in the status bar", async () => {
    await runCommand(page, "Foretoken: Rebuild Datastore", { asks: true });
    await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "this workspace" }).click();
    await waitForLabel(page, /Datastore: workspace-\S+, \d+( thousand)? tokens, built today/);
    await screenshot(page, "6-datastore");
    await runCommand(page, "Notifications: Clear All Notifications");
  });

  step("The Stack is offered in any of its languages, that of the document first", async () => {
    const rows = page.locator(".quick-input-list .monaco-list-row");
    await runCommand(page, "Foretoken: Rebuild Datastore", { asks: true });
    await rows.filter({ hasText: "The Stack" }).click();
    await rows.filter({ hasText: "Haskell" }).waitFor();
    assert.match((await rows.first().textContent()) ?? "", /^Python/);
    await page.keyboard.type("Go");
    await page.keyboard.press("Enter");
    await page
      .locator(".quick-input-title")
      .filter({ hasText: "The Stack, Go: how many of its files?" })
      .waitFor();
    await page.keyboard.press("Escape");
  });

  step("no ghost text appears while turned off from the palette; turned on, it returns", async () => {
    await runCommand(page, "Foretoken: Toggle Completions");
    await waitForStatus(page, "circle-slash", 10_000);
    await startNewFunction("");
    const stopRecording = await recordGhostText(page);
    await typeText(page, BEGINNING, { delayMs: TYPING_MS });
    await page.waitForTimeout(NO_GHOST_MS);
    const { frames } = await stopRecording();
    assert.deepEqual(
      frames.filter(frame => frame.line !== "" || frame.below !== ""),
      [],
    );
    await screenshot(page, "7-off");

    await runCommand(page, "Foretoken: Toggle Completions");
    await waitForStatus(page, "zap", 10_000);
    await startNewFunction(BEGINNING);
    await waitForGhostText(page, "ghost text");
  });
  step("ghost text continues the selected entry of the suggestion list", async () => {
    const beginning = "value = pri";
    await startNewFunction(beginning);
    const focused = page.locator(".suggest-widget.visible .monaco-list-row.focused");
    await waitUntil("the list", async () => {
      await page.keyboard.press("Control+Space");
      await page.waitForTimeout(300);
      return focused.isVisible();
    });
    // Entries on the way that the present text does not begin with are asked for, too.
    await waitUntil("the entry", async () => {
      await page.keyboard.press("ArrowDown");
      await page.waitForTimeout(300);
      return (await focused.textContent())?.includes("print_report");
    });
    const continued = ({ before, wholeLine }: GhostText) =>
      before === beginning && wholeLine.startsWith("value = print_report");
    await waitForGhostText(page, "the entry, and perhaps what follows it", continued);
    await screenshot(page, "8-suggestion-list");
    await page.keyboard.press("Escape");
    await focused.waitFor({ state: "hidden" });
    await waitForGhostText(page, "ghost text without the list", ({ before }) => before === beginning);
  });
});

/** Restores the sample and types at its end. */
async function startNewFunction(text: string): Promise<void> {
  const original = readFileSync(join(sampleWorkspace, FILE), "utf8");
  writeFileSync(join(server.workspace, FILE), original);
  await page.keyboard.press("Escape");
  await runCommand(page, "File: Revert File");
  await goToEnd(original);
  await typeText(page, text, { delayMs: TYPING_MS });
}

/** Opens the sample like a user who has just opened the folder. */
async function openFromExplorer(): Promise<void> {
  const row = page.locator(".explorer-folders-view .monaco-list-row").filter({ hasText: FILE });
  await row.waitFor({ timeout: 90_000 });
  await row.dblclick();
  await page.locator(".tab.active").filter({ hasText: FILE }).waitFor();
}
