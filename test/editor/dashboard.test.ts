/**
 * The dashboard in the page of a real VS Code: opened with ten thousand remembered events, in three themes, by
 * keyboard. Screenshots go to out/screenshots.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Frame, Page } from "playwright-core";
import { type EventLog, MOST_EVENTS, type ShowMessage, writeEvents } from "../../extension/figures/index.ts";
import { randomNumbers } from "../../server/draft/index.ts";
import { writeScriptedModel } from "../scripted/scriptedModel.ts";
import { acceptedText, openAt, runCommand, waitForGhostText, waitForStatus, waitUntil } from "./page.ts";
import { root } from "./paths.mjs";
import {
  type CodeServer,
  openWorkbench,
  sampleWorkspace,
  screenshot,
  startCodeServer,
  vsixUnderTest,
  type Workbench,
} from "./workbench.ts";

const FILE = "repeating.py";
/**
 * The text that the model generates, one character per token. The file contains the first part already, so that drafts of
 * it are right; nothing contains the second, so it takes a decode per token.
 */
const GENERATED = { said: "background(x, y)", new: "+5*73<64" };
const NAMES = ["alpha", "beta", "gamma"];
const BEGINNING = "    total = ";
const PROGRAM = [
  ...NAMES.flatMap(name => [
    `def ${name}(x, y):`,
    `${BEGINNING}${GENERATED.said}`,
    "    return total",
    "",
    "",
  ]),
  "def delta(x, y):",
  BEGINNING,
];
const MINUTE_MS = 60_000;
/** Tuning takes seconds, and longer on a busy machine. */
const TUNED_MS_MAX = 180_000;
/**
 * Only requested completions are computed, so that the last completion is the expected one. Threads of so small a model
 * mostly wait for each other: with a single one, larger trees cost little more than a single row.
 */
const settingsFor = (modelPath: string) => ({
  "foretoken.modelPath": modelPath,
  "foretoken.trigger": "manual",
  "foretoken.prefetch": false,
  "foretoken.threads": 1,
});
/** As tall as the page, so that a screenshot shows all of it. */
const SIZE = { width: 1180, height: 2900 };
const THEMES = {
  dark: "Dark Modern",
  light: "Light Modern",
  contrast: "Dark High Contrast",
};

/** Events of some weeks, with rising latency. */
function rememberedEvents(): EventLog {
  const random = randomNumbers(7);
  const start = Date.now() - MOST_EVENTS * 4 * MINUTE_MS;
  const between = (low: number, high: number) => low + (high - low) * random() ** 3;
  const requests = Array.from({ length: MOST_EVENTS }, (_, i) => {
    const slow = 1 + i / MOST_EVENTS;
    const proposed = Math.floor(between(0, 14));
    return {
      at: start + i * 4 * MINUTE_MS,
      kind: i % 5 === 4 ? "cached" : "shown",
      ...(i % 5 !== 4 && {
        latency: {
          wait: between(0, 60),
          prompt: between(10, 200) * slow,
          decode: between(15, 90) * slow,
          editor: between(50, 120),
        },
      }),
      tokens: 20,
      steps: 14,
      decodeMs: 300,
      plainMs: 300 * (1 + random() / 3),
      sources: [
        { name: "document", proposed, accepted: Math.floor(proposed * 0.6) },
        { name: "datastore", proposed: 3, accepted: 1 },
        { name: "recycling", proposed: 2, accepted: i % 3 === 0 ? 1 : 0 },
      ],
    };
  });
  const suggestions = Array.from({ length: MOST_EVENTS }, (_, i) => {
    const accepted = i % 3 === 0 ? 40 : 0;
    return {
      at: start + i * 4 * MINUTE_MS,
      shown: 60,
      accepted,
      kept: [accepted, accepted * 0.9, accepted * 0.8],
    };
  });
  return { requests, suggestions };
}

const userFolder = (server: CodeServer) => join(dirname(server.workspace), "server", "data", "User");

/** Chooses a theme as a user does. */
async function chooseTheme(page: Page, theme: string): Promise<void> {
  await page.keyboard.press("F1");
  const input = page.locator(".quick-input-widget input.input");
  const row = (name: string) =>
    page.locator(`.quick-input-list .monaco-list-row[aria-label^="${name}"]`).first();
  await input.fill(">Preferences: Color Theme");
  await row("Preferences: Color Theme").click();
  await row("Dark").waitFor();
  await input.fill(theme);
  await row(theme).click();
  await input.waitFor({ state: "hidden" });
}

/** The dashboard's frame, once it has drawn. */
async function dashboardFrame(page: Page): Promise<Frame> {
  return waitUntil("the dashboard", async () => {
    for (const frame of page.frames())
      if ((await frame.locator("#page[aria-busy=false]").count()) === 1) return frame;
    return undefined;
  });
}

/** Opens the dashboard and returns its frame, with the milliseconds until it was drawn, and until VS Code ran its script. */
async function openDashboard(page: Page): Promise<{ frame: Frame; ms: number; scriptMs: number }> {
  await runCommand(page, "Foretoken: Open Dashboard");
  const frame = await dashboardFrame(page);
  const time = async (name: string) =>
    Number(await waitUntil("its time", () => frame.locator("#page").getAttribute(`data-${name}-ms`)));
  return { frame, ms: await time("drawn"), scriptMs: await time("script") };
}

const textOf = async (frame: Frame, section: string) =>
  (await frame.locator(`section[aria-labelledby=${section}]`).textContent()) ?? "";

describe("the dashboard in a real VS Code", { timeout: 420_000 }, () => {
  let server: CodeServer;
  let workbench: Workbench;
  let page: Page;
  let frame: Frame;
  const folder = mkdtempSync(join(tmpdir(), "foretoken-dashboard-"));

  /** A test that takes a screenshot when it fails. */
  const step = (title: string, run: (context: TestContext) => Promise<void>) =>
    test(title, async context => {
      try {
        await run(context);
      } catch (error) {
        await workbench.explainFailure(`failed-${title.replace(/\W+/g, "-")}`);
        throw error;
      }
    });

  before(async () => {
    const model = join(folder, "scripted.gguf");
    writeScriptedModel(model, [...GENERATED.said, ...GENERATED.new]);
    const settings = settingsFor(model);
    server = await startCodeServer({ workspace: sampleWorkspace, vsix: vsixUnderTest, settings });
    writeFileSync(join(server.workspace, FILE), PROGRAM.join("\n"));
    const developed = vsixUnderTest ? {} : { developmentFolder: root };
    workbench = await openWorkbench(server, { ...developed, size: SIZE });
    page = workbench.page;
    await waitForStatus(page, "zap");
  });

  after(async () => {
    await workbench?.dispose();
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  step("every section of the dashboard says in words that there is no data yet", async () => {
    ({ frame } = await openDashboard(page));
    for (const [section, words] of Object.entries({
      latency: /No completion has been computed/,
      drafts: /Nothing has been drafted yet/,
      suggestions: /No suggestion has been shown/,
      completion: /There is no completion to draw/,
      stores: /There is no datastore/,
    }))
      assert.match(await textOf(frame, section), words);
    await screenshot(page, "dashboard-empty");
    await runCommand(page, "View: Close Editor");
  });

  step("the dashboard opens quickly with ten thousand events of each kind", async context => {
    const storage = join(userFolder(server), "globalStorage", "foretoken.foretoken");
    mkdirSync(storage, { recursive: true });
    writeFileSync(join(storage, "history.json"), writeEvents(rememberedEvents()));
    const times: { drawn: number; script: number }[] = [];
    for (let time = 0; time < 7; time++) {
      const opened = await openDashboard(page);
      frame = opened.frame;
      times.push({ drawn: opened.ms, script: opened.scriptMs });
      assert.match(await textOf(frame, "latency"), /2,000 of 10,000 answers/);
      await runCommand(page, "View: Close Editor");
    }
    times.sort((a, b) => a.drawn - b.drawn);
    const words = times.map(({ drawn, script }) => `${drawn} (${script})`).join(", ");
    context.diagnostic(
      `ms from the command to the picture, and of them until VS Code ran the page: ${words}`,
    );
    const own = Math.min(...times.map(({ drawn, script }) => drawn - script));
    assert.ok(own < 300, words);
  });

  step("the last completion is drawn, and the arrow keys step through its decodes", async () => {
    // Drafts begin once measurements in idle moments have shown how large exact trees are and what they cost.
    ({ frame } = await openDashboard(page));
    await waitUntil("the machine", async () => /T\(n\)/.test(await textOf(frame, "machine")), TUNED_MS_MAX);
    await runCommand(page, "View: Close Editor");
    await openAt(page, FILE, PROGRAM.length, BEGINNING.length + 1);
    await runCommand(page, "Foretoken: Trigger Completion");
    const whole = BEGINNING + GENERATED.said + GENERATED.new;
    await waitForGhostText(page, "the whole text", ghost => acceptedText(ghost) === whole);
    const { label } = await waitForStatus(page, "zap");
    assert.match(label, /Acceptance of drafts since the start: [1-9]\d*%/);
    ({ frame } = await openDashboard(page));
    const accepted = frame.locator(".node.accepted");
    for (let i = 0; i < whole.length && (await accepted.count()) < 2; i++)
      await frame.getByRole("button", { name: "Next decode" }).click();
    const stage = frame.locator(".stage");
    const position = async () => (await frame.locator(".step").textContent()) ?? "";
    const [, found, count] = /^Decode (\d+) of (\d+): [1-9]\d* of /.exec(await position()) ?? [];
    assert.ok(found, await position());
    assert.ok(Number(count) >= GENERATED.new.length, await position());
    await stage.focus();
    await page.keyboard.press("Home");
    assert.match(await position(), /^Decode 1 of /);
    for (let i = 1; i < Number(found); i++) await page.keyboard.press("ArrowRight");
    assert.match(await position(), new RegExp(`^Decode ${found} of `));
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowRight");
    assert.match(await position(), new RegExp(`^Decode ${count} of `));
    assert.match((await frame.locator(".tree").getAttribute("aria-label")) ?? "", /^Tree of \d+ nodes?: /);
    for (let i = Number(found); i < Number(count); i++) await page.keyboard.press("ArrowLeft");
    assert.match(await position(), new RegExp(`^Decode ${found} of `));
  });

  step("the focus stays on its button when sections before it come or go", async () => {
    const button = frame.getByRole("button", { name: "Reindex the Workspace" });
    await button.focus();
    // The page's next update, shown once more as if the server had ended.
    await frame.evaluate(
      () =>
        new Promise<void>(resolve => {
          addEventListener(
            "message",
            ({ data }: MessageEvent<ShowMessage>) => {
              postMessage({ ...data, server: undefined }, "*");
              resolve();
            },
            { once: true },
          );
        }),
    );
    await frame.getByText("The server is not running").waitFor();
    assert.equal(await frame.getByRole("button", { name: "Next decode" }).count(), 0);
    const hasFocus = () => button.evaluate(element => element === document.activeElement);
    assert.equal(await hasFocus(), true);
    // With the next update the sections are there again.
    await frame.getByRole("button", { name: "Next decode" }).waitFor();
    assert.equal(await hasFocus(), true);
  });

  step("the dashboard is legible in a dark, a light and a high-contrast theme", async () => {
    ({ frame } = await openDashboard(page));
    for (const [name, theme] of Object.entries(THEMES)) {
      await chooseTheme(page, theme);
      // The colours are set together with the name. The body's class is not enough: another theme of the kind may be on.
      await frame.locator(`body[data-vscode-theme-name="${theme}"]`).waitFor();
      await screenshot(page, `dashboard-${name}`);
      for (const part of [
        "body",
        "h2",
        ".note",
        ".tick",
        ".token",
        ".origin",
        "button",
        ".curve",
        ".dot",
        ".edge",
        ".p90",
      ]) {
        const contrast = await frame.locator(part).first().evaluate(contrastOf);
        assert.ok(contrast >= 3.9, `${part} in ${theme}: ${contrast.toFixed(1)}`);
      }
    }
  });
});

/** The ratio of an element's colour to the page's background (WCAG); runs in the page. */
function contrastOf(element: Element): number {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const luminance = (colour: string) =>
    channels(colour)
      .map(value => value / 255)
      .map(value => (value <= 0.04 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, i) => sum + value * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0);
  const style = getComputedStyle(element);
  const shape = style.fill === "none" || element.tagName === "line" ? style.stroke : style.fill;
  const own = element instanceof SVGElement ? shape : style.color;
  const behind = getComputedStyle(document.body).backgroundColor;
  const opaque = element.tagName === "BUTTON" ? style.backgroundColor : behind;
  const [lighter = 0, darker = 0] = [luminance(own), luminance(opaque)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}
