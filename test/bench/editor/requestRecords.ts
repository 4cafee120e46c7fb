/** The server's records of requests, and figures of typing from them. */
import { readFileSync } from "node:fs";
import type { ComputedFigures, RequestRecord } from "../../../server/protocol/index.ts";
import { quantileOfWaited, type Waited } from "./figures.ts";

/** A line of the file that `FORETOKEN_RECORD` names. */
export interface RecordedRequest extends RequestRecord {
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
}

export function readRecords(file: string): RecordedRequest[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter(line => line !== "").map(line => JSON.parse(line));
}

export interface Latency {
  /** Number of requests that were finished. */
  readonly count: number;
  /** Number of requests that were cut off before; the quantiles take them into account. */
  readonly cut: number;
  /** Undefined if too many were cut off. */
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  /** Largest time of the finished ones. */
  readonly max: number;
}

/** Undefined if nothing was finished. */
export function latency(times: readonly (number | Waited)[]): Latency | undefined {
  const waited = times.map(time => (typeof time === "number" ? { ms: time, isCut: false } : time));
  const whole = waited.filter(({ isCut }) => !isCut);
  if (whole.length === 0) return undefined;
  const reported = (ms: number) => Math.round(ms * 100) / 100;
  const quantile = (share: number) => {
    const ms = quantileOfWaited(waited, share);
    return ms === undefined ? undefined : reported(ms);
  };
  return {
    count: whole.length,
    cut: waited.length - whole.length,
    p50: quantile(0.5),
    p90: quantile(0.9),
    max: reported(Math.max(...whole.map(({ ms }) => ms))),
  };
}

export interface TypingFigures {
  readonly requests: number;
  /** Number of requests by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds to the end of requests that were answered from memory with text. */
  readonly rememberedMs: Latency | undefined;
  /** Milliseconds to the first text of requests that were computed; cut off if they ended before it. */
  readonly firstTextMs: Latency | undefined;
  /** For those with text, the milliseconds until computing began: earlier computation had to end first. */
  readonly queuedMs: Latency | undefined;
  /** For finished completions, the milliseconds of building the prompt, and then of its prefill. */
  readonly promptMs: Latency | undefined;
  readonly prefillMs: Latency | undefined;
  /** Milliseconds to the first text of requests that joined the computation of an earlier one. */
  readonly joinedFirstTextMs: Latency | undefined;
  /** Prompt tokens that were not in the cache and had to be computed. */
  readonly promptTokensComputed: Latency | undefined;
  readonly tokens: {
    readonly decoded: number;
    /** Tokens of completions that answered no request. */
    readonly unused: number;
    readonly unusedShare: number;
    /** Tokens of completions that no request followed to their end, whether a part was shown or not. */
    readonly notFollowed: number;
  };
}

/** Whether the request joined the computation of an earlier one. */
const isJoined = ({ timeline: { joined, queuedMs } }: RequestRecord) => joined ?? queuedMs === 0;
/** Whether a text had to be computed for the request. */
export const isNew = (record: RequestRecord): boolean => isComputed(record) && !isJoined(record);
/** Whether the request was answered from memory with text. */
export const isRemembered = ({ outcome, text }: RequestRecord): boolean =>
  outcome.kind !== "shown" && text !== "";
const isComputed = ({ outcome: { kind } }: RequestRecord) => kind === "shown" || kind === "aborted";
const untilText = ({ timeline: { firstTextMs, endMs } }: RequestRecord): Waited =>
  firstTextMs === undefined ? { ms: endMs, isCut: true } : { ms: firstTextMs, isCut: false };
const between = (from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? undefined : to - from;
const present = <T>(values: readonly (T | undefined)[]) => values.filter(value => value !== undefined);

/**
 * @param records records of one server process, in the order in which the requests ended
 * @param before the process's previous record: tokens decoded until then are left out
 */
export function typingFigures(records: readonly RecordedRequest[], before?: RequestRecord): TypingFigures {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of records) outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
  const fresh = records.filter(isNew);
  const withText = fresh.filter(({ timeline }) => timeline.firstTextMs !== undefined);
  const joined = records.filter(record => isComputed(record) && isJoined(record));
  const remembered = records.filter(isRemembered);
  const computed = present(records.map(record => record.computed));
  return {
    requests: records.length,
    outcomes,
    rememberedMs: latency(remembered.map(({ timeline }) => timeline.endMs)),
    firstTextMs: latency(fresh.map(untilText)),
    queuedMs: latency(present(withText.map(({ timeline }) => timeline.queuedMs))),
    promptMs: latency(present(withText.map(({ timeline }) => between(timeline.queuedMs, timeline.promptMs)))),
    prefillMs: latency(
      present(withText.map(({ timeline }) => between(timeline.promptMs, timeline.prefilledMs))),
    ),
    joinedFirstTextMs: latency(present(joined.map(({ timeline }) => timeline.firstTextMs))),
    promptTokensComputed: latency(
      computed.map(({ promptTokens, reusedTokens }) => promptTokens - reusedTokens),
    ),
    tokens: tokenFigures(records, computed, before),
  };
}

function tokenFigures(
  records: readonly RequestRecord[],
  computed: readonly ComputedFigures[],
  before: RequestRecord | undefined,
): TypingFigures["tokens"] {
  const last = records.at(-1)?.decoded;
  const decoded = (last?.tokens ?? 0) - (before?.decoded.tokens ?? 0);
  const unused = (last?.unused ?? 0) - (before?.decoded.unused ?? 0);
  const followed = computed
    .filter(({ finishReason }) => finishReason !== "aborted")
    .reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    decoded,
    unused,
    unusedShare: decoded === 0 ? 0 : Math.round((unused / decoded) * 1000) / 1000,
    notFollowed: Math.max(0, decoded - followed),
  };
}

/** The requests whose first text took longest, the slowest first. */
export function slowest(records: readonly RecordedRequest[], count: number): RecordedRequest[] {
  const waited = ({ timeline }: RequestRecord) => timeline.firstTextMs ?? 0;
  return records
    .filter(isNew)
    .sort((a, b) => waited(b) - waited(a))
    .slice(0, count);
}

/** A key at its place in a document. */
export interface KeyAtPosition {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Both counted from 0. */
  readonly line: number;
  readonly character: number;
}

/** When a request came, in milliseconds since 1970. */
export const arrivalOf = ({ at, timeline }: RecordedRequest): number => at - timeline.endMs;

/**
 * For each key, its request: the last one at the key's place that came before the next key. Requests that belong to no
 * key are in no entry.
 */
export function requestsOfKeys(
  keys: readonly KeyAtPosition[],
  records: readonly RecordedRequest[],
): (RecordedRequest | undefined)[] {
  const byArrival = [...records].sort((a, b) => arrivalOf(a) - arrivalOf(b));
  let next = 0;
  return keys.map((key, index) => {
    const until = keys[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    let found: RecordedRequest | undefined;
    for (let record = byArrival[next]; record && arrivalOf(record) < until; record = byArrival[++next])
      if (record.line === key.line && record.character === key.character && arrivalOf(record) >= key.at)
        found = record;
    return found;
  });
}
