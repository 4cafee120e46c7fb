/** What the status bar says, in words. */
import {
  type DraftSourceStatus,
  finishText,
  type Status,
  type StoreStatus,
} from "../server/protocol/index.ts";
import { age, amount, counted, percent } from "./figures/index.ts";
import { type Surroundings, whyNothing } from "./whyNothing.ts";

/** Everything that the status bar shows. */
export interface StatusView extends Surroundings {
  readonly status: Status;
  /** What is fetched or built, and how much of it is there, 0 to 1, where that is known. */
  readonly activity?: { readonly text: string; readonly done: number | undefined } | undefined;
}

const milliseconds = (value: number) => `${Math.round(value)} ms`;
const times = (factor: number) => `${factor.toFixed(1)}×`;

/** Most characters of the item's text next to its icon: more would push other items out of the bar. */
const MOST_CHARACTERS = 36;
/** Smaller gains of drafts are not worth the space. */
const LEAST_GAIN = 1.05;

/** Short text of the item, with its icon. */
export function statusText({ status, activity, languageOff, snoozedMinutes = 0 }: StatusView): string {
  const { state, loaded, notes = [] } = status;
  if (state === "error") return "$(error) Foretoken";
  if (activity) return doneText(activity.done);
  if (state === "starting" || loaded !== undefined) return doneText(loaded);
  if (state === "off") return "$(circle-slash) Foretoken";
  if (languageOff !== undefined) return `$(circle-slash) Foretoken: ${languageOff}`;
  if (snoozedMinutes > 0) return `$(bell-slash) ${snoozedMinutes} min`;
  const icon = state === "working" ? "$(sync)" : notes.length > 0 ? "$(warning)" : "$(zap)";
  return `${icon} ${state === "asleep" ? "Foretoken" : figuresText(status)}`;
}

/**
 * Work that is under way. Its icon only turns if no percentage is shown: an animation makes the editor draw all the time, which
 * without a graphics card takes four tenths of a processor from the model.
 */
const doneText = (done: number | undefined) =>
  done === undefined ? "$(loading~spin) Foretoken" : `$(sync) Foretoken ${percent(done, 1)}`;

/** Model, back end, latency, gain and acceptance, as far as there is room: the latency first of all. */
function figuresText({ model, last, speedUp = 0, acceptance }: Status): string {
  const [name, backend] = model ? [shortName(model.name), model.backend] : [];
  const latency = last?.firstTextMs === undefined ? undefined : milliseconds(last.firstTextMs);
  const gain = speedUp >= LEAST_GAIN ? times(speedUp) : undefined;
  const accepted = acceptance === undefined ? undefined : percent(acceptance, 1);
  const choices = [
    [name, backend, latency, gain, accepted],
    [name, backend, latency, gain],
    [name, latency, gain],
    [latency, gain, accepted],
  ].map(parts => parts.filter(part => part !== undefined).join(" · "));
  return choices.find(({ length }) => length > 0 && length <= MOST_CHARACTERS) ?? latency ?? "Foretoken";
}

/** A model's name without the parts that all models of its kind share. */
const shortName = (name: string) =>
  name
    .replace(/\.gguf$/i, "")
    .replace(/[\s_-]*\b(instruct|base|gguf|v\d[\d.]*)\b/gi, "")
    .trim();

/** A datastore in the tooltip: how large and how old it is, or why it is not used. */
function storeLine({ name, tokens, created, problem }: StoreStatus): string {
  if (problem) return `Datastore ${name} is not used: ${problem}`;
  const built = age(created, Date.now());
  return `Datastore: ${name}, ${amount(tokens)} tokens${built && `, built ${built}`}`;
}

/** What the item says on hovering over it, one statement a line. */
export function statusTooltip(view: StatusView): string {
  const { status, activity } = view;
  const { model, notes = [], stores = [], sources = [] } = status;
  const lines = [stateLine(view)];
  if (activity) lines.push(activity.text);
  if (status.state === "error" && status.remedy) lines.push(status.remedy);
  const why = status.state === "error" ? undefined : whyNothing(status, view);
  if (why !== undefined) lines.push(`No suggestion: ${why}`);
  if (status.state !== "error" && status.state !== "starting") {
    if (model) lines.push(`Model: ${model.name}, ${model.backend}, ${counted(model.threads, "thread")}`);
    lines.push(...notes, ...stores.map(storeLine), ...figureLines(status));
    lines.push(...sources.filter(({ proposed }) => proposed > 0).map(sourceLine));
  }
  return [...lines, "Click for the menu."].join("\n");
}

function stateLine({ status, languageOff, snoozedMinutes = 0 }: StatusView): string {
  const { state, message = "error" } = status;
  if (state === "error") return `Foretoken: ${message}`;
  if (state === "starting") return "Foretoken is loading its model.";
  if (state === "asleep")
    return "Foretoken has freed its model's memory. The next completion loads the model again.";
  if (state === "off") return "Foretoken is off.";
  if (languageOff !== undefined) return `Foretoken is off for the language ${languageOff}.`;
  if (snoozedMinutes > 0) return `Foretoken is snoozed for ${counted(snoozedMinutes, "minute")}.`;
  return "Foretoken is on.";
}

function figureLines({ last, suggestions, acceptance, speedUp }: Status): string[] {
  const lines: string[] = [];
  if (last?.firstTextMs !== undefined)
    lines.push(
      `Last completion: first text after ${milliseconds(last.firstTextMs)}, all after ${milliseconds(last.totalMs)}`,
    );
  if (last)
    lines.push(
      `${counted(last.tokens, "token")} in ${counted(last.steps, "step")}, ${last.accepted} of ${last.drafted} drafted tokens accepted. It ended because ${finishText(last.finishReason)}.`,
    );
  if (suggestions)
    lines.push(`Suggestions accepted since the start: ${suggestions.accepted} of ${suggestions.shown}`);
  if (speedUp !== undefined) {
    const speed = times(speedUp) === times(1) ? "as fast as without" : `${times(speedUp)} as fast as without`;
    lines.push(`Decoding with drafts: ${speed}, estimated from the cost of decodes here`);
  }
  if (acceptance !== undefined) lines.push(`Acceptance of drafts since the start: ${percent(acceptance, 1)}`);
  return lines;
}

/** Names of sources within a sentence. */
const SOURCE_TEXTS: Readonly<Record<string, string>> = {
  document: "this document",
  ahead: "the text ahead",
  recent: "recent suggestions",
  accepted: "accepted completions",
  workspace: "the workspace",
  datastore: "the datastore",
  recycling: "the model's own guesses",
  "draft model": "the draft model",
};

/** A source of drafts in the tooltip: how many of its tokens the model took over. */
function sourceLine({ name, proposed, accepted }: DraftSourceStatus): string {
  return `From ${SOURCE_TEXTS[name] ?? name}: ${accepted} of ${proposed} accepted`;
}
