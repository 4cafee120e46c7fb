/** Figures of editing: the latency of suggestions, and the tokens decoded per key. */
import { quantile } from "../../../server/system/index.ts";
import { isNew, type RecordedRequest, typingFigures } from "./requestRecords.ts";
import type { TimedStroke } from "./typing.ts";

/** A place that was typed, and the server's records during that. */
export interface TypedEdits {
  readonly strokes: readonly TimedStroke[];
  readonly records: readonly RecordedRequest[];
}

export interface EditFigures {
  readonly keys: number;
  /** Characters of accepted suggestions. */
  readonly accepted: number;
  /** `p50 / p90` in milliseconds, of requests that were computed; to the first text, and to the whole text. */
  readonly first: string;
  readonly whole: string;
  /** The median of whole suggestions, by place; NaN if none was finished. */
  readonly completeMs: readonly number[];
  readonly tokensPerKey: number;
  /** Share of the decoded tokens that answered no request. */
  readonly unused: number;
}

/** Milliseconds from the request to the end of its computation, for those that were finished. */
const wholeTimes = (records: readonly RecordedRequest[]): number[] =>
  records
    .filter(record => isNew(record) && record.outcome.kind === "shown")
    .map(({ timeline }) => timeline.endMs);

const quantiles = (values: readonly number[]) =>
  values.length === 0
    ? "nothing to measure"
    : `${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.9).toFixed(0)}`;

/** @param typed places typed into one server, in order */
export function editFigures(typed: readonly TypedEdits[]): EditFigures {
  const strokes = typed.flatMap(each => each.strokes);
  const records = typed.flatMap(each => each.records);
  const firstTexts = records.filter(isNew).flatMap(({ timeline }) => timeline.firstTextMs ?? []);
  const { tokens } = typingFigures(records);
  return {
    keys: strokes.length,
    accepted: strokes.reduce(
      (sum, { stroke }) => sum + (stroke.kind === "accept" ? stroke.text.length : 0),
      0,
    ),
    first: quantiles(firstTexts),
    whole: quantiles(wholeTimes(records)),
    completeMs: typed.map(each => {
      const times = wholeTimes(each.records);
      return times.length === 0 ? Number.NaN : quantile(times, 0.5);
    }),
    tokensPerKey: strokes.length === 0 ? 0 : tokens.decoded / strokes.length,
    unused: tokens.unusedShare,
  };
}
