import assert from "node:assert/strict";
import { test } from "node:test";
import { betterOfEach, compareTable, leads } from "../../bench/compareTable.ts";
import { replaceMarked } from "../../bench/comparison.ts";
import type { DecodeReport, MethodResult } from "../../bench/decode.ts";
import type { MethodName } from "../../bench/methods.ts";
import { sourcesTable, worth } from "../../bench/sourcesTable.ts";

const steady = (value: number) => ({ median: value, min: value, max: value });

const result = (method: MethodName, ratio: number): MethodResult => ({
  method,
  tokensPerSecond: 80 * ratio,
  ratioToPlain: steady(ratio),
  meanAccepted: 1.5,
  meanTreeSize: 2,
  draftMs: 0.1,
  exact: true,
  extra: {
    items: 3,
    tokens: 100,
    suiteRatioToPlain: steady(ratio),
    suiteRatioToServer: method === "plain" ? null : steady(ratio),
    worstItemRatio: ratio - 0.1,
    firstMs: { p50: 12, p90: 20.4 },
    wholeMs: null,
    prefillTokensPerSecond: null,
    prefillRatioToPlain: null,
    firstDifference: null,
  },
});

const report: DecodeReport = {
  hardware: {
    processor: "a processor",
    processors: 2,
    memoryGiB: 8,
    platform: "linux x64",
    backend: "cpu",
    threads: 2,
  },
  model: { name: "m", architecture: "llama", quantisation: "Q4_0", parametersMillions: 1, contextTokens: 64 },
  store: null,
  suites: [
    {
      suite: "replay",
      methods: [result("plain", 1), result("foretoken", 1.2), result("pld", 0.6), result("plain-again", 0.9)],
    },
    { suite: "edits", methods: [result("plain", 1), result("foretoken", 1.2), result("datastore", 1.5)] },
  ],
};

test("the table has a row for each method of each suite, with a dash for unknown values", () => {
  const lines = compareTable(report).split("\n");
  assert.equal(lines.length, 2 + 7);
  assert.equal(
    lines[3],
    "| replay | foretoken | 96.0 | 1.20 (1.20 to 1.20) | 1.20 (1.20 to 1.20) | 1.10 | 1.50 | 12 / 20 | - | yes |",
  );
  assert.equal(lines[2]?.split(" | ")[4], "-");
});

test("the lead is Foretoken's better row over the best of the methods that are not its own", () => {
  assert.deepEqual(
    leads(report).map(({ suite, best, lead }) => [suite, best, lead.toFixed(2)]),
    [["replay", "pld", "2.00"]],
  );
});

test("the faster of a published method and its extended variants is shown, for each suite separately", () => {
  const suites = [
    {
      suite: "replay" as const,
      methods: [result("plain", 1), result("sam", 0.8), result("sam+suffix", 0.9)],
    },
    {
      suite: "edits" as const,
      methods: [result("sam", 0.9), result("sam+suffix", 0.8), result("sam+recycling", 2)],
    },
  ];
  const names = betterOfEach({ ...report, suites }).suites.map(({ methods }) =>
    methods.map(({ method }) => method),
  );
  assert.deepEqual(names, [
    ["plain", "sam+suffix"],
    ["sam", "sam+recycling"],
  ]);
});

test("the worth of a source is the speed with all sources relative to the speed without it", () => {
  const [all, without] = [result("datastore", 1.5), result("no-document", 1.2)];
  assert.equal(worth(all, without), 1.25);
  const methods = [result("plain", 1), all, without, result("no-recycling", 1.5)];
  const lines = sourcesTable({ ...report, suites: [{ suite: "edits", methods }] }, "datastore").split("\n");
  assert.deepEqual(lines.slice(2), [
    "| edits | nothing | 1.50 (1.50 to 1.50) | - | 1.50 | yes |",
    "| edits | document | 1.20 (1.20 to 1.20) | 1.250 | 1.50 | yes |",
    "| edits | recycling | 1.50 (1.50 to 1.50) | 1.000 | 1.50 | yes |",
  ]);
});

test("only the text between the markers of a command is replaced", () => {
  const [start, end] = ["<!-- bench compare: start -->", "<!-- bench compare: end -->"];
  assert.equal(replaceMarked(`a\n${start}\nold\n${end}\nb`, "compare", "new"), `a\n${start}\nnew\n${end}\nb`);
  assert.equal(replaceMarked(`a\n${start}\nold\n${end}\nb`, "sources", "new"), undefined);
});
