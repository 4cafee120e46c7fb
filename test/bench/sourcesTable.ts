/** The benefit of each of Foretoken's sources of drafts: with all of them, and without one at a time. */
import type { DecodeReport, MethodResult } from "./decode.ts";
import { formatSpread } from "./figures.ts";

const LEFT_OUT = "no-";
const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const HEADING = ["suite", "left out", "to plain", "what it is worth", "tokens a decode", "text is plain's"];

/** How much faster all sources are than all but one. */
export const worth = (all: MethodResult, without: MethodResult) =>
  all.extra.suiteRatioToPlain.median / without.extra.suiteRatioToPlain.median;

/** @param whole the method that has all sources */
export function sourcesTable({ suites }: DecodeReport, whole: "foretoken" | "datastore"): string {
  const rows = suites.flatMap(({ suite, methods }) => {
    const all = methods.find(({ method }) => method === whole);
    if (!all) return [];
    const cells = (result: MethodResult, leftOut: string, value: string) =>
      row([
        suite,
        leftOut,
        formatSpread(result.extra.suiteRatioToPlain, 2),
        value,
        result.meanAccepted.toFixed(2),
        result.exact ? "yes" : "no",
      ]);
    const without = methods.filter(({ method }) => method.startsWith(LEFT_OUT));
    return [
      cells(all, "nothing", "-"),
      ...without.map(result =>
        cells(result, result.method.slice(LEFT_OUT.length), worth(all, result).toFixed(3)),
      ),
    ];
  });
  return [row(HEADING), row(HEADING.map(() => "---")), ...rows].join("\n");
}
