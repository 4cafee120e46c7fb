/** The remembered figures of completions: only numbers, no typed or suggested text. */
import type { SourceFigures } from "../../server/protocol/index.ts";

/** The parts of the time from a key to its text, in milliseconds. */
export interface LatencyParts {
  /** Until computing began, after a delay, loading the model, and earlier computation. */
  readonly wait: number;
  /** Building and reading the prompt. */
  readonly prompt: number;
  /** Decoding up to the first text. */
  readonly decode: number;
  /** Before the request and after the first text, as far as an extension can measure it. */
  readonly editor: number;
}

/** A request for a completion that ended without being cancelled. */
export interface RequestEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As in `Outcome`. */
  readonly kind: string;
  /** Present if text was computed and shown. */
  readonly latency?: LatencyParts | undefined;
  readonly tokens: number;
  readonly steps: number;
  readonly decodeMs: number;
  /** What as many tokens would have taken one at a time, if known. */
  readonly plainMs?: number | undefined;
  readonly sources: readonly SourceFigures[];
}

/** Times after which the rest of an accepted text is measured, in milliseconds. */
export const RETENTION_MS = [30_000, 120_000, 600_000] as const;

/** A suggestion that was on the screen; lengths in UTF-16 units. */
export interface SuggestionEvent {
  readonly at: number;
  readonly shown: number;
  readonly accepted: number;
  /** By `RETENTION_MS`, how much of the accepted text was left; null if its document was closed before. */
  readonly kept: readonly (number | null)[];
}

export interface EventLog {
  /** Oldest first. */
  readonly requests: readonly RequestEvent[];
  readonly suggestions: readonly SuggestionEvent[];
  /** When the user cleared the log: what happened until then does not count, whoever adds it later. */
  readonly clearedAt?: number;
}

export const NO_EVENTS: EventLog = { requests: [], suggestions: [] };
/** Most remembered events of each kind. */
export const MOST_EVENTS = 10_000;

/**
 * Both logs merged by time, since windows write when they like; the oldest events are dropped, and those from before
 * either was cleared.
 */
export function joined(one: EventLog, other: EventLog, most = MOST_EVENTS): EventLog {
  const clearedAt = Math.max(one.clearedAt ?? NEVER, other.clearedAt ?? NEVER);
  const newest = <T extends { readonly at: number }>(events: readonly T[]): T[] =>
    events
      .filter(({ at }) => at > clearedAt)
      .toSorted((a, b) => a.at - b.at)
      .slice(-most);
  return {
    requests: newest([...one.requests, ...other.requests]),
    suggestions: newest([...one.suggestions, ...other.suggestions]),
    ...(clearedAt > NEVER && { clearedAt }),
  };
}

const NEVER = Number.NEGATIVE_INFINITY;

const VERSION = 1;
const NOT_KNOWN = -1;
const tenths = (value: number | undefined) => (value === undefined ? NOT_KNOWN : Math.round(value * 10) / 10);

/** The log in its saved form: rows of numbers, a tenth of the size of objects. */
export function writeEvents({ requests, suggestions, clearedAt }: EventLog): string {
  return JSON.stringify({
    version: VERSION,
    clearedAt,
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

/** The log in a file; damaged parts count as missing. */
export function readEvents(text: string): EventLog {
  let saved: { version?: unknown; requests?: unknown; suggestions?: unknown; clearedAt?: unknown } | null;
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
    ...(isNumber(saved.clearedAt) && { clearedAt: saved.clearedAt }),
  };
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Number of a request's columns before those of its sources, not counting its kind. */
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
