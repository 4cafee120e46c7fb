/** What is remembered of completions: numbers alone, nothing of what was typed or suggested. */
import type { SourceFigures } from "../../server/protocol/index.ts";

/** Where the time from a key to its text went, in milliseconds. */
export interface LatencyParts {
  /** Until computing began: a delay, the model being loaded, the computing before. */
  readonly wait: number;
  /** Building and reading the prompt. */
  readonly prompt: number;
  /** Decoding up to the first text. */
  readonly decode: number;
  /** Before the request and after the first text, as far as an extension sees it. */
  readonly editor: number;
}

/** A request for a completion that came to an end of its own. */
export interface RequestEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As `Outcome` has it. */
  readonly kind: string;
  /** Present where text was computed and shown. */
  readonly latency?: LatencyParts | undefined;
  readonly tokens: number;
  readonly steps: number;
  readonly decodeMs: number;
  /** What as many tokens would have taken one at a time, where that is known. */
  readonly plainMs?: number | undefined;
  readonly sources: readonly SourceFigures[];
}

/** Times after which it is looked how much of an accepted text is still there, in milliseconds. */
export const RETENTION_MS = [30_000, 120_000, 600_000] as const;

/** A suggestion that was on the screen; lengths in UTF-16 units. */
export interface SuggestionEvent {
  readonly at: number;
  readonly shown: number;
  readonly accepted: number;
  /** By `RETENTION_MS`, what was still there of the accepted; null where its document was closed before. */
  readonly kept: readonly (number | null)[];
}

export interface EventLog {
  /** Oldest first. */
  readonly requests: readonly RequestEvent[];
  readonly suggestions: readonly SuggestionEvent[];
}

export const NO_EVENTS: EventLog = { requests: [], suggestions: [] };
/** Most events of each kind that are remembered. */
export const MOST_EVENTS = 10_000;

/** Both logs as one, of which the oldest are forgotten. */
export const joined = (before: EventLog, after: EventLog, most = MOST_EVENTS): EventLog => ({
  requests: [...before.requests, ...after.requests].slice(-most),
  suggestions: [...before.suggestions, ...after.suggestions].slice(-most),
});

const VERSION = 1;
const NOT_KNOWN = -1;
const tenths = (value: number | undefined) => (value === undefined ? NOT_KNOWN : Math.round(value * 10) / 10);

/** The log as it is kept: rows of numbers, a tenth of the size of objects. */
export function writeEvents({ requests, suggestions }: EventLog): string {
  return JSON.stringify({
    version: VERSION,
    requests: requests.map(({ at, kind, latency, tokens, steps, decodeMs, plainMs, sources }) => [
      at,
      kind,
      ...[latency?.wait, latency?.prompt, latency?.decode, latency?.editor].map(tenths),
      tokens,
      steps,
      tenths(decodeMs),
      tenths(plainMs),
      ...sources.flatMap(({ name, proposed, accepted }) => [name, proposed, accepted]),
    ]),
    suggestions: suggestions.map(({ at, shown, accepted, kept }) => [at, shown, accepted, ...kept]),
  });
}

/** The log that a file holds; what is damaged of it counts as not there. */
export function readEvents(text: string): EventLog {
  let saved: { version?: unknown; requests?: unknown; suggestions?: unknown } | null;
  try {
    saved = JSON.parse(text);
  } catch {
    return NO_EVENTS;
  }
  if (saved?.version !== VERSION) return NO_EVENTS;
  const rows = (value: unknown): unknown[][] => (Array.isArray(value) ? value.filter(Array.isArray) : []);
  return {
    requests: rows(saved.requests).flatMap(row => requestOf(row) ?? []),
    suggestions: rows(saved.suggestions).flatMap(row => suggestionOf(row) ?? []),
  };
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Columns of a request before those of its sources, its kind aside. */
const REQUEST_NUMBERS = 9;

function requestOf([at, kind, ...rest]: unknown[]): RequestEvent | undefined {
  const numbers = [at, ...rest.slice(0, REQUEST_NUMBERS - 1)];
  if (typeof kind !== "string" || numbers.length < REQUEST_NUMBERS || !numbers.every(isNumber))
    return undefined;
  const [time = 0, wait = 0, prompt = 0, decode = 0, editor = 0, tokens = 0, steps = 0, decodeMs = 0] =
    numbers;
  const plainMs = numbers[REQUEST_NUMBERS - 1] ?? NOT_KNOWN;
  return {
    at: time,
    kind,
    ...(wait >= 0 && { latency: { wait, prompt, decode, editor } }),
    tokens,
    steps,
    decodeMs,
    ...(plainMs >= 0 && { plainMs }),
    sources: sourcesOf(rest.slice(REQUEST_NUMBERS - 1)),
  };
}

function sourcesOf(columns: readonly unknown[]): SourceFigures[] {
  const sources: SourceFigures[] = [];
  for (let column = 0; column + 2 < columns.length; column += 3) {
    const [name, proposed, accepted] = columns.slice(column, column + 3);
    if (typeof name === "string" && isNumber(proposed) && isNumber(accepted))
      sources.push({ name, proposed, accepted });
  }
  return sources;
}

function suggestionOf([at, shown, accepted, ...kept]: unknown[]): SuggestionEvent | undefined {
  if (!isNumber(at) || !isNumber(shown) || !isNumber(accepted)) return undefined;
  return { at, shown, accepted, kept: RETENTION_MS.map((_, i) => (isNumber(kept[i]) ? kept[i] : null)) };
}
