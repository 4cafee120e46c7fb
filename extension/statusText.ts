/** What the status bar says, in words. */
import type { DraftSourceStatus, Status, StoreStatus } from "../server/protocol/index.ts";

const percent = (share: number) => `${Math.round(100 * share)}%`;
const milliseconds = (value: number) => `${Math.round(value)} ms`;

/** Short text of the item, with its icon. @param languageOff the document's language, if it alone is off */
export function statusText({ state, last, acceptance, notes = [] }: Status, languageOff?: string): string {
  switch (state) {
    case "starting":
      return "$(loading~spin) Foretoken";
    case "asleep":
      return "$(zap) Foretoken";
    case "off":
      return "$(circle-slash) Foretoken";
    case "error":
      return "$(error) Foretoken";
  }
  if (languageOff !== undefined) return `$(circle-slash) Foretoken: ${languageOff}`;
  const icon = state === "working" ? "$(loading~spin)" : notes.length > 0 ? "$(warning)" : "$(zap)";
  if (last?.firstTextMs === undefined) return `${icon} Foretoken`;
  const figures = [
    milliseconds(last.firstTextMs),
    ...(acceptance === undefined ? [] : [percent(acceptance)]),
  ];
  return `${icon} ${figures.join(" · ")}`;
}

const DAY_MS = 86_400_000;

/** A datastore in the tooltip: how large and how old it is, or why it is not used. */
function storeLine({ name, tokens, created, problem }: StoreStatus): string {
  if (problem) return `Datastore ${name} is not used: ${problem}`;
  const days = Math.floor((Date.now() - Date.parse(created)) / DAY_MS);
  const age = days < 1 ? "built today" : days === 1 ? "a day old" : `${days} days old`;
  const size = tokens < 1e6 ? `${Math.ceil(tokens / 1e3)} thousand` : `${(tokens / 1e6).toFixed(1)} million`;
  return `Datastore: ${name}, ${size} tokens, ${age}`;
}

/** What the item says on hovering over it, one statement a line. @param languageOff as for `statusText` */
export function statusTooltip(status: Status, languageOff?: string): string {
  const {
    state,
    message,
    remedy,
    model,
    notes = [],
    stores,
    last,
    acceptance,
    sources,
    suggestions,
  } = status;
  if (state === "error") return [`Foretoken: ${message ?? "error"}`, ...(remedy ? [remedy] : [])].join("\n");
  if (state === "starting") return "Foretoken is loading its model.";
  if (state === "asleep")
    return "Foretoken has freed its model's memory. The next completion loads it again.";
  const lines = [
    state === "off"
      ? "Foretoken is off. Click to turn it on."
      : languageOff !== undefined
        ? `Foretoken is off for the language ${languageOff} ("foretoken.languages"), and on for others.`
        : "Foretoken completes as you type. Click to turn it off.",
  ];
  if (model) lines.push(`Model: ${model.name}, ${model.backend}, ${model.threads} threads`);
  lines.push(...notes);
  for (const store of stores ?? []) lines.push(storeLine(store));
  if (last) {
    if (last.firstTextMs !== undefined)
      lines.push(
        `Last completion: first text after ${milliseconds(last.firstTextMs)}, all after ${milliseconds(last.totalMs)}`,
      );
    lines.push(
      `${last.tokens} tokens in ${last.steps} steps, ${last.accepted} of ${last.drafted} drafted tokens accepted (${last.finishReason})`,
    );
  }
  if (suggestions)
    lines.push(`Suggestions accepted since the start: ${suggestions.accepted} of ${suggestions.shown}`);
  if (acceptance !== undefined) lines.push(`Acceptance of drafts since the start: ${percent(acceptance)}`);
  for (const source of sources ?? []) if (source.proposed > 0) lines.push(sourceLine(source));
  return lines.join("\n");
}

/** Sources as they are called in a sentence. */
const SOURCE_TEXTS: Readonly<Record<string, string>> = {
  document: "this document",
  ahead: "the text ahead",
  recent: "recent suggestions",
  accepted: "accepted completions",
  workspace: "the workspace",
  datastore: "the datastore",
  recycling: "the model's own guesses",
};

/** A source of drafts in the tooltip: how many of its tokens the model took over. */
function sourceLine({ name, proposed, accepted }: DraftSourceStatus): string {
  return `From ${SOURCE_TEXTS[name] ?? name}: ${accepted} of ${proposed} accepted`;
}
