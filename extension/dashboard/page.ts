/** The dashboard's page: draws the extension's data, and reports pressed buttons to it. */
import {
  duration,
  NO_SERVER,
  type PageAction,
  type PageMessage,
  percent,
  type ShowMessage,
  type Summary,
} from "../figures/index.ts";
import { completionSection } from "./completion.ts";
import { button, html } from "./dom.ts";
import { draftsSection, suggestionsSection } from "./drafts.ts";
import { latencySection } from "./latency.ts";
import { machineSection } from "./machine.ts";
import "./page.css";
import { storesSection } from "./stores.ts";

declare function acquireVsCodeApi(): { postMessage(message: PageMessage): void };

const host = acquireVsCodeApi();
const page = document.getElementById("page");
const startedAt = Date.now();

const act = (action: PageAction) => host.postMessage({ type: "action", action });

function draw({ summary, server, now }: ShowMessage): void {
  if (!page) return;
  const focused = focusedName();
  const open = openNames();
  page.replaceChildren(
    html(
      "header",
      {},
      html("h1", {}, "Foretoken Dashboard"),
      html(
        "p",
        { class: "buttons" },
        button("Export...", () => act("export")),
        button("Clear...", () => act("clear")),
      ),
    ),
    html(
      "p",
      { class: "note" },
      "Everything here stays on this machine. Only figures about past completions are kept, no text.",
    ),
    ...(server ? [] : [html("p", { class: "problem" }, `${NO_SERVER.message} ${NO_SERVER.remedy}`)]),
    glance(summary),
    latencySection(summary),
    draftsSection(summary),
    suggestionsSection(summary),
    completionSection(server?.completion),
    machineSection(server?.machine),
    storesSection(server, now, act),
  );
  page.setAttribute("aria-busy", "false");
  restore(focused, open);
}

/** The most important figures. */
function glance({ latency, speedUp, sources, characters, kept }: Summary): HTMLElement {
  const proposed = sources.reduce((sum, source) => sum + source.proposed, 0);
  const accepted = sources.reduce((sum, source) => sum + source.accepted, 0);
  const last = kept.at(-1);
  const tiles: [string, string][] = [
    ["first text, p50", latency ? duration(latency.p50) : "–"],
    ["first text, p90", latency ? duration(latency.p90) : "–"],
    ["speed-up by drafts", speedUp === undefined ? "–" : `${speedUp.toFixed(2)}×`],
    ["drafted tokens accepted", proposed > 0 ? percent(accepted, proposed) : "–"],
    ["characters accepted", characters.shown > 0 ? percent(characters.accepted, characters.shown) : "–"],
    ["left after 10 min", last && last.accepted > 0 ? percent(last.kept, last.accepted) : "–"],
  ];
  return html(
    "dl",
    { class: "glance", "aria-label": "At a glance" },
    ...tiles.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
  );
}

const FOCUSABLE = "button, summary, [tabindex]";

const elements = (selector: string) => [...(page?.querySelectorAll<HTMLElement>(selector) ?? [])];

/** Names an element in the same way on each drawing, whichever sections come or go: by its section and its label. */
function nameOf(element: Element): string {
  const section = element.closest("section")?.getAttribute("aria-labelledby") ?? "";
  const shown = element instanceof HTMLDetailsElement ? element.querySelector("summary") : element;
  return `${section} ${element.tagName} ${element.getAttribute("aria-label") ?? shown?.textContent}`;
}

/** Name of the focused element; undefined where none of the page's has the focus. */
const focusedName = () =>
  elements(FOCUSABLE)
    .filter(element => element === document.activeElement)
    .map(nameOf)[0];
const openNames = () => new Set(elements("details[open]").map(nameOf));

/** Restores the focus and the open details after the page was redrawn. */
function restore(focused: string | undefined, open: ReadonlySet<string>): void {
  for (const details of elements("details")) if (open.has(nameOf(details))) details.setAttribute("open", "");
  if (focused !== undefined)
    elements(FOCUSABLE)
      .find(element => nameOf(element) === focused)
      ?.focus({ preventScroll: true });
}

/** The figures that are drawn, to notice new ones. */
let drawn = "";

window.addEventListener("message", ({ data }: MessageEvent<ShowMessage>) => {
  if (data?.type !== "show") return;
  const { now: _, askedAt, ...figures } = data;
  const figuresText = JSON.stringify(figures);
  // Nothing is redrawn while the figures stay the same.
  if (figuresText === drawn) return;
  drawn = figuresText;
  draw(data);
  requestAnimationFrame(() => {
    const ms = Date.now() - askedAt;
    page?.setAttribute("data-drawn-ms", String(ms));
    page?.setAttribute("data-script-ms", String(startedAt - askedAt));
    host.postMessage({ type: "drawn", ms });
  });
});
host.postMessage({ type: "ready" });
