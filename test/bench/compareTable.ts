/** A comparison with everything that users could run instead, as one Markdown table. */
import type { DecodeReport, MethodResult, Quantiles } from "./decode.ts";
import { formatSpread } from "./figures.ts";
import { originalOf } from "./presets/preset.ts";

const HEADING = [
  "suite",
  "method",
  "tokens/s",
  "to plain",
  "to llama-server",
  "worst item to plain",
  "tokens a decode",
  "first token, ms, p50 / p90",
  "whole, ms, p50 / p90",
  "text is plain's",
];

const of = (quantiles: Quantiles | null) =>
  quantiles ? `${quantiles.p50.toFixed(0)} / ${quantiles.p90.toFixed(0)}` : "-";

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function cells(suite: string, { method, extra, ...means }: MethodResult): string[] {
  return [
    suite,
    method,
    means.tokensPerSecond.toFixed(1),
    formatSpread(extra.suiteRatioToPlain, 2),
    formatSpread(extra.suiteRatioToServer ?? undefined, 2),
    extra.worstItemRatio.toFixed(2),
    means.meanAccepted.toFixed(2),
    of(extra.firstMs),
    of(extra.wholeMs),
    means.exact ? "yes" : "no",
  ];
}

/** The methods in the order of the table, all suites below each other. */
export function compareTable({ suites }: DecodeReport): string {
  const rows = suites.flatMap(({ suite, methods }) => methods.map(method => row(cells(suite, method))));
  return [row(HEADING), row(HEADING.map(() => "---")), ...rows].join("\n");
}

const ratio = (ofMethod: MethodResult) => ofMethod.extra.suiteRatioToPlain.median;

/** For each suite, Foretoken's best row over the best of all others: a ratio of tokens per second. */
export function leads({ suites }: DecodeReport): { suite: string; best: string; lead: number }[] {
  const isOurs = ({ method }: MethodResult) => method === "foretoken" || method === "datastore";
  const isRival = ({ method }: MethodResult) => !["plain", "plain-again", "oracle"].includes(method);
  return suites.flatMap(({ suite, methods }) => {
    const [ours] = methods.filter(isOurs).sort((a, b) => ratio(b) - ratio(a));
    const [theirs] = methods
      .filter(each => !isOurs(each) && isRival(each))
      .sort((a, b) => ratio(b) - ratio(a));
    return ours && theirs ? [{ suite, best: theirs.method, lead: ratio(ours) / ratio(theirs) }] : [];
  });
}

/** For each published method, its own row or the one with an addition, whichever is faster in a suite. */
export function betterOfEach(report: DecodeReport): DecodeReport {
  const suites = report.suites.map(({ suite, methods }) => {
    const best = new Map<string, MethodResult>();
    for (const result of methods) {
      const known = best.get(originalOf(result.method));
      if (!known || ratio(result) > ratio(known)) best.set(originalOf(result.method), result);
    }
    return { suite, methods: methods.filter(result => best.get(originalOf(result.method)) === result) };
  });
  return { ...report, suites };
}
