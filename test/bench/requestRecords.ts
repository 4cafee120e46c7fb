/** What the server has recorded of each request: figures of typing. */
import { readFileSync } from "node:fs";
import type { ComputedFigures, RequestRecord } from "../../server/protocol/outcome.ts";
import { quantile } from "./figures.ts";

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
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly max: number;
}

/** Undefined of no values: there was nothing of the kind. */
export function latency(values: readonly number[]): Latency | undefined {
  if (values.length === 0) return undefined;
  const told = (share: number) => Math.round(quantile(values, share) * 100) / 100;
  return { count: values.length, p50: told(0.5), p90: told(0.9), max: told(1) };
}

export interface TypingFigures {
  readonly requests: number;
  /** How many ended in which way. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds to the end of requests that were answered from memory with text. */
  readonly rememberedMs: Latency | undefined;
  /** Milliseconds to the first text of requests that were computed for, whether they then saw their end or not. */
  readonly firstTextMs: Latency | undefined;
  /** Of these, the milliseconds until computing began: what was computed before had to end. */
  readonly queuedMs: Latency | undefined;
  /** Milliseconds to the first text of requests that joined what was being computed for an earlier one. */
  readonly joinedFirstTextMs: Latency | undefined;
  /** Milliseconds that requests had lived which ended before there was text: cancelled, or replaced. */
  readonly withoutTextMs: Latency | undefined;
  /** Prompt tokens that were computed anew for a completion. */
  readonly promptTokensComputed: Latency | undefined;
  readonly tokens: {
    readonly decoded: number;
    /** Of completions that answered no request. */
    readonly unused: number;
    readonly unusedShare: number;
    /** Of completions that no request followed to their end, whether something of them was shown or not. */
    readonly notFollowed: number;
  };
}

/** Whether the computing had begun when the request came: an earlier request's, which this one joined. */
const isJoined = ({ timeline }: RequestRecord) => timeline.queuedMs === 0;
/** Whether a first text was computed for it. */
export const isNew = (record: RequestRecord): boolean =>
  isComputed(record) && record.timeline.firstTextMs !== undefined && !isJoined(record);
/** Whether it was answered from memory with text. */
export const isRemembered = ({ outcome, text }: RequestRecord): boolean =>
  outcome.kind !== "shown" && text !== "";
const isComputed = ({ outcome: { kind } }: RequestRecord) => kind === "shown" || kind === "aborted";
const present = <T>(values: readonly (T | undefined)[]) => values.filter(value => value !== undefined);

/**
 * @param records of one server process, in the order in which they ended
 * @param before the process's last record before them: what had been decoded by then is left out
 */
export function typingFigures(records: readonly RecordedRequest[], before?: RequestRecord): TypingFigures {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of records) outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
  const computing = records.filter(isComputed);
  const fresh = records.filter(isNew);
  const joined = computing.filter(isJoined);
  const remembered = records.filter(isRemembered);
  const withoutText = computing.filter(({ timeline }) => timeline.firstTextMs === undefined);
  const computed = present(records.map(record => record.computed));
  return {
    requests: records.length,
    outcomes,
    rememberedMs: latency(remembered.map(({ timeline }) => timeline.endMs)),
    firstTextMs: latency(present(fresh.map(({ timeline }) => timeline.firstTextMs))),
    queuedMs: latency(present(fresh.map(({ timeline }) => timeline.queuedMs))),
    joinedFirstTextMs: latency(present(joined.map(({ timeline }) => timeline.firstTextMs))),
    withoutTextMs: latency(withoutText.map(({ timeline }) => timeline.endMs)),
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

/** A key at its place in a document. */
export interface KeyAtPlace {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Both counted from 0. */
  readonly line: number;
  readonly character: number;
}

/**
 * For each key, the request that came for it: the last one at the key's place that came before the next key. Requests
 * that came for no key are in no entry.
 */
export function requestsOfKeys(
  keys: readonly KeyAtPlace[],
  records: readonly RecordedRequest[],
): (RecordedRequest | undefined)[] {
  const arrival = ({ at, timeline }: RecordedRequest) => at - timeline.endMs;
  const byArrival = [...records].sort((a, b) => arrival(a) - arrival(b));
  let next = 0;
  return keys.map((key, index) => {
    const until = keys[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    let found: RecordedRequest | undefined;
    for (let record = byArrival[next]; record && arrival(record) < until; record = byArrival[++next])
      if (record.line === key.line && record.character === key.character && arrival(record) >= key.at)
        found = record;
    return found;
  });
}
