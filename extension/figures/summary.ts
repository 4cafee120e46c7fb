/** Summary of the remembered events. */
import type { SourceFigures } from "../../server/protocol/index.ts";
import { type EventLog, type LatencyParts, RETENTION_MS, type RequestEvent } from "./events.ts";
import { ascending, groups, quantileOf } from "./quantiles.ts";

/** A group of consecutive completions. */
export interface LatencyGroup {
  /** Times of the first and of the last, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Milliseconds from the key to the first text. */
  readonly p50: number;
  readonly p90: number;
  /** The parts of the median, from the completions of the middle half; the parts add up to `p50`. */
  readonly parts: LatencyParts;
}

/** How much accepted text was left after a time. */
interface Kept {
  readonly afterMs: number;
  /** Number of characters that were accepted at least this long ago and could be followed. */
  readonly accepted: number;
  readonly kept: number;
}

export interface Summary {
  /** Number of answered requests, and how many of them were answered from memory. */
  readonly answered: number;
  readonly fromMemory: number;
  /** Absent before any text was computed. */
  readonly latency?: { readonly p50: number; readonly p90: number } | undefined;
  readonly groups: readonly LatencyGroup[];
  /** Time that plain decoding would have taken, divided by the time of decoding; absent if unknown. */
  readonly speedUp?: number | undefined;
  /** Tokens per decode; absent before any decode. */
  readonly tokensPerDecode?: number | undefined;
  /** Sources, those that drafted most first. */
  readonly sources: readonly SourceFigures[];
  /** Suggestions, and their characters. */
  readonly suggestions: { readonly shown: number; readonly accepted: number };
  readonly characters: { readonly shown: number; readonly accepted: number };
  readonly kept: readonly Kept[];
}

/** Most bars that can be distinguished. */
const MOST_GROUPS = 40;
const FROM_MEMORY = ["cached", "typedThrough", "reindented"];

export function summarize({ requests, suggestions }: EventLog): Summary {
  const timed = requests.filter(hasLatency);
  const totals = ascending(timed.map(({ latency }) => total(latency)));
  const measured = requests.filter(hasPlainMs);
  const sum = <T>(events: readonly T[], value: (event: T) => number) =>
    events.reduce((so, event) => so + value(event), 0);
  const decodeMs = sum(measured, event => event.decodeMs);
  const steps = sum(requests, event => event.steps);
  return {
    answered: requests.length,
    fromMemory: requests.filter(({ kind }) => FROM_MEMORY.includes(kind)).length,
    latency: totals.length > 0 ? { p50: quantileOf(totals, 0.5), p90: quantileOf(totals, 0.9) } : undefined,
    groups: groups(timed, MOST_GROUPS).map(latencyGroup),
    speedUp: decodeMs > 0 ? sum(measured, event => event.plainMs) / decodeMs : undefined,
    tokensPerDecode: steps > 0 ? sum(requests, event => event.tokens) / steps : undefined,
    sources: sumOfSources(requests),
    suggestions: {
      shown: suggestions.length,
      accepted: suggestions.filter(({ accepted }) => accepted > 0).length,
    },
    characters: {
      shown: sum(suggestions, event => event.shown),
      accepted: sum(suggestions, event => event.accepted),
    },
    kept: RETENTION_MS.map((afterMs, i) => {
      const known = suggestions.filter(({ kept }) => (kept[i] ?? null) !== null);
      return {
        afterMs,
        accepted: sum(known, event => event.accepted),
        kept: sum(known, event => event.kept[i] ?? 0),
      };
    }),
  };
}

type Timed = RequestEvent & { readonly latency: LatencyParts };
const hasLatency = (event: RequestEvent): event is Timed => event.latency !== undefined;
const hasPlainMs = (event: RequestEvent): event is RequestEvent & { readonly plainMs: number } =>
  event.plainMs !== undefined;

const total = ({ wait, prompt, decode, editor }: LatencyParts) => wait + prompt + decode + editor;

function latencyGroup(events: readonly Timed[]): LatencyGroup {
  const bySpeed = [...events].sort((a, b) => total(a.latency) - total(b.latency));
  const sorted = bySpeed.map(({ latency }) => total(latency));
  const p50 = quantileOf(sorted, 0.5);
  const quarter = Math.floor(bySpeed.length / 4);
  const middle = bySpeed.slice(quarter, bySpeed.length - quarter);
  const part = (name: keyof LatencyParts) => middle.reduce((sum, { latency }) => sum + latency[name], 0);
  const all = part("wait") + part("prompt") + part("decode") + part("editor");
  const share = (name: keyof LatencyParts) => (all > 0 ? (p50 * part(name)) / all : 0);
  return {
    from: events[0]?.at ?? 0,
    to: events.at(-1)?.at ?? 0,
    count: events.length,
    p50,
    p90: quantileOf(sorted, 0.9),
    parts: {
      wait: share("wait"),
      prompt: share("prompt"),
      decode: share("decode"),
      editor: share("editor"),
    },
  };
}

function sumOfSources(requests: readonly RequestEvent[]): SourceFigures[] {
  const found = new Map<string, { proposed: number; accepted: number }>();
  for (const { sources } of requests)
    for (const { name, proposed, accepted } of sources) {
      const sums = found.get(name) ?? { proposed: 0, accepted: 0 };
      found.set(name, sums);
      sums.proposed += proposed;
      sums.accepted += accepted;
    }
  return [...found].map(([name, sums]) => ({ name, ...sums })).sort((a, b) => b.proposed - a.proposed);
}
