/**
 * `npm run bench:latency`: how long users wait, measured at what they see.
 *
 * Keys go into the page of a real VS Code; the animation frames of the page report when ghost text is first
 * drawn and when it is complete. Only frames in which the page changes are recorded: recording all of them makes the
 * browser draw all the time, which takes processors from the model that an idle editor does not take. Of the measured
 * time, VS Code waits 50 ms before its request, and the server reports how long the model computed until its first
 * text. The rest is the path through extension, server and back, and drawing. The time from starting the server to a
 * loaded model is measured as well.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  type InlineCompletionParams,
  InlineCompletionRequest,
} from "vscode-languageserver-protocol/node";
import { InlineCompletionProgress } from "../../../server/protocol/index.ts";
import {
  changedFrames,
  focusAtEnd,
  recordGhostText,
  runCommand,
  typeText,
  waitForStatus,
} from "../../editor/page.ts";
import { root } from "../../editor/paths.mjs";
import { openWorkbench, sampleWorkspace, startCodeServer } from "../../editor/workbench.ts";
import { circumstances, rounded, type Summary, summary, writeResult } from "./figures.ts";
import { startServer } from "./serverProcess.ts";

const FILE = "sample.py";
const ROUNDS = 2;
const COLD_STARTS = 9;
/** VS Code's own pause between a key and its request. */
const DEBOUNCE_MS = 50;
/** Keys closer together than the pause cause one request, for the last of them. */
const TYPING_MS = 15;
/** A completion of many tokens on a busy machine. */
const GIVE_UP_MS = 20_000;
const QUIET_MS = 500;

/** Beginnings of lines, as users would type them at the end of the sample. */
const BEGINNINGS = [
  "def load_",
  "def save_all(path, ",
  "class Order",
  "items = ",
  "for item in ",
  "with open(",
  "if not ",
  "import ",
  "from inventory import ",
  "stock = Stock(",
  "print(",
  "def total(",
  "while ",
  "try",
  "result = [",
  "data = json.",
  "assert ",
  "raise ValueError(",
  "names = [item.",
  "if __name__ == ",
];

interface Sample {
  readonly beginning: string;
  /** When its last key was pressed, since the page was opened. */
  readonly atMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly modelMs: number;
}

/** Time from request to first progress, without the server's computation: transport and both ends of the protocol. */
async function serverPart(): Promise<number[]> {
  const { connection, figures, stop } = await startServer();
  const text = readFileSync(join(sampleWorkspace, FILE), "utf8");
  const uri = "file:///sample.py";
  const parts: number[] = [];
  for (const [index, beginning] of [...BEGINNINGS, ...BEGINNINGS].entries()) {
    const whole = `${text}${anew(index)}\n${beginning}`;
    const version = index + 1;
    const textDocument = { uri, languageId: "python", version, text: whole };
    if (index === 0)
      await connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    else
      await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version },
        contentChanges: [{ text: whole }],
      });
    const partialResultToken = `latency-${index}`;
    let firstMs: number | undefined;
    const start = performance.now();
    const listening = connection.onProgress(InlineCompletionProgress, partialResultToken, () => {
      firstMs ??= performance.now() - start;
    });
    const position = { line: whole.split("\n").length - 1, character: beginning.length };
    await connection.sendRequest(InlineCompletionRequest.type, {
      textDocument: { uri },
      position,
      context: { triggerKind: 2 },
      partialResultToken,
    } as InlineCompletionParams);
    listening.dispose();
    const computed = figures()?.firstTextMs;
    if (firstMs !== undefined && computed !== undefined && index >= BEGINNINGS.length)
      parts.push(firstMs - computed);
  }
  stop();
  return parts;
}

/** The server's computation in milliseconds until the first text of the last completion, as it reports it. */
async function modelMs(page: Page): Promise<number | undefined> {
  const label = await page
    .locator('.statusbar-item[id="foretoken.foretoken.foretoken.status"] a')
    .getAttribute("aria-label");
  const match = /first text after ([\d.]+) ms/.exec(label ?? "");
  return match ? Number(match[1]) : undefined;
}

/** A line that makes a place different from all earlier ones, whose completions would be remembered. */
const anew = (number: number) => `# ${number}`;
let typedBefore = 0;

async function makeAnew(page: Page): Promise<void> {
  await typeText(page, anew(typedBefore++), { delayMs: 0 });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(QUIET_MS);
  await waitForStatus(page, "zap", GIVE_UP_MS);
}

/** Types a beginning and watches what follows; undefined if nothing was suggested. */
async function sample(page: Page, beginning: string): Promise<Sample | undefined> {
  await makeAnew(page);
  const stop = await recordGhostText(page, "changed");
  await typeText(page, beginning, { delayMs: TYPING_MS });
  await page.waitForTimeout(QUIET_MS);
  await waitForStatus(page, "zap", GIVE_UP_MS, QUIET_MS);
  await page.waitForTimeout(QUIET_MS);
  const { frames, keys } = await stop();
  const key = keys.at(-1);
  const computed = await modelMs(page);
  const shown = frames.filter(frame => key && frame.at > key.at && frame.line.startsWith(beginning));
  const [first] = shown;
  if (!key || !first || computed === undefined) return undefined;
  const [firstMs, lastMs] = [
    first.at - key.at,
    (changedFrames({ frames: shown }).at(-1) ?? first).at - key.at,
  ];
  return { beginning, atMs: key.at, firstMs, lastMs, modelMs: computed };
}

async function clearLine(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+End");
  await page.keyboard.press("Delete");
  await page.waitForTimeout(QUIET_MS);
}

async function inEditor(): Promise<Sample[]> {
  const server = await startCodeServer({
    workspace: sampleWorkspace,
    // The editor's own boxes over the text would distort the measurements.
    settings: {
      "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
      "editor.autoClosingBrackets": "never",
      "editor.autoClosingQuotes": "never",
    },
  });
  const workbench = await openWorkbench(server, { developmentFolder: root, file: FILE });
  const samples: Sample[] = [];
  try {
    const { page } = workbench;
    await waitForStatus(page, "zap");
    const text = readFileSync(join(server.workspace, FILE), "utf8");
    const lines = text.split("\n");
    await focusAtEnd(page, FILE, lines.length, (lines.at(-1)?.length ?? 0) + 1);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const beginning of BEGINNINGS) {
        const measured = await sample(page, beginning);
        if (measured && round > 0) samples.push(measured); // The first round warms everything up.
        await clearLine(page);
      }
    }
    await runCommand(page, "File: Revert File");
  } finally {
    await workbench.dispose();
    await server.dispose();
  }
  return samples;
}

const starts: number[] = [];
for (let i = 0; i <= COLD_STARTS; i++) {
  const { startMs, stop } = await startServer();
  stop();
  if (i > 0) starts.push(startMs); // The first may have to choose the back end.
}
const parts = await serverPart();
const samples = await inEditor();
if (samples.length === 0) throw new Error("No completion was measured.");
const result = {
  ...circumstances(),
  samples: samples.length,
  coldStartMs: summary(starts),
  firstTextMs: summary(samples.map(each => each.firstMs)),
  lastTextMs: summary(samples.map(each => each.lastMs)),
  modelToFirstTextMs: summary(samples.map(each => each.modelMs)),
  /** Without an editor: from request to first progress, less the model. */
  protocolMs: summary(parts),
  /** In the editor: everything except the model and the editor's pause; mostly VS Code's key handling and drawing. */
  restInEditorMs: summary(samples.map(each => each.firstMs - DEBOUNCE_MS - each.modelMs)),
};
writeResult("latency", { ...result, each: samples });
console.log(`${result.hardware}, ${result.date}, ${samples.length} completions`);
console.table(
  Object.fromEntries(
    Object.entries(result)
      .filter((entry): entry is [string, Summary] => typeof entry[1] === "object")
      .map(([name, values]) => [name, rounded(values)]),
  ),
);
process.exit(0);
