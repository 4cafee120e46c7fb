/** The last request in words, as Markdown. */
import {
  type ComputedFigures,
  type DecodedTotals,
  finishText,
  type NothingShown,
  type Outcome,
  type RequestRecord,
  type Suppression,
  type Timeline,
} from "../protocol/index.ts";
import { counted } from "../system/index.ts";

const SUPPRESSIONS: Readonly<Record<Suppression, string>> = {
  notOpen: "the document was not open",
  otherVersion: "the document had changed since",
  noPosition: "the document has no such position",
  off: 'completions are switched off ("foretoken.enabled")',
  languageOff: 'completions are off in this language ("foretoken.languages")',
  manual: 'they are computed only when asked for ("foretoken.trigger")',
  selection: "the selected suggestion does not lie within one line of the document",
  wordAfter: "a word follows the cursor; it is completed only when asked for",
  textAfter: "text other than closing brackets follows the cursor; it is completed only when asked for",
};

const confidenceText = (confidence: number | undefined) =>
  confidence === undefined ? "" : ` (${confidence.toFixed(2)})`;

/** How a request ended, in one sentence. */
function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "shown":
      return "Computed and shown.";
    case "cached":
      return "Shown from memory: it had been computed for this position before.";
    case "typedThrough":
      return "Shown from memory: the rest of a suggestion whose beginning you have typed.";
    case "reindented":
      return "Shown from memory: computed for this line with a different indentation.";
    case "aborted":
      return "Cancelled: something else was typed or asked for.";
    case "suppressed":
      return `Nothing was computed: ${SUPPRESSIONS[outcome.why]}.`;
    case "empty":
      return `There was nothing to show: ${finishText(outcome.why)}${confidenceText(outcome.confidence)}.`;
    case "failed":
      return `It failed: ${outcome.message} ${outcome.remedy}`;
  }
}

/** Why nothing is shown for a request, for one line; undefined where something is. */
export function nothingShown({ uri, line, character, outcome }: RequestRecord): NothingShown | undefined {
  const { kind } = outcome;
  if (kind !== "suppressed" && kind !== "empty" && kind !== "failed") return undefined;
  return { uri, line, character, why: outcomeText(outcome) };
}

/** What the last request was, how it ended and where its time went. */
export function explain(record: RequestRecord | undefined): string {
  if (!record) return "# The last completion\n\nNo completion has been asked for yet.\n";
  const { uri, line, character, explicit, outcome, timeline, computed, decoded, text } = record;
  const how = explicit ? "asked for" : "as one typed";
  const parts = [
    "# The last completion",
    outcomeText(outcome),
    `\`${uri}\`, line ${line + 1}, column ${character + 1}, ${how}.`,
    timelineTable(timeline, computed),
  ];
  if (computed) parts.push(computedText(computed));
  if (decoded.tokens > 0) parts.push(decodedText(decoded));
  if (text !== "") parts.push(`## Text\n\n${fenced(text)}`);
  return `${parts.join("\n\n")}\n`;
}

/** How long after the request each step was reached; steps that were not reached are left out. */
function timelineTable(timeline: Timeline, computed: ComputedFigures | undefined): string {
  const prefilled = computed
    ? `prompt: ${counted(computed.reusedTokens, "token")} in the cache, ${computed.promptTokens - computed.reusedTokens} computed`
    : "prompt read";
  const rows: [string, number | undefined][] = [
    ["computing began", timeline.queuedMs],
    ["prompt built", timeline.promptMs],
    [prefilled, timeline.prefilledMs],
    ["first text sent", timeline.firstTextMs],
    ["end", timeline.endMs],
  ];
  const reached = rows.flatMap(([name, ms]) => (ms === undefined ? [] : [`| ${ms.toFixed(1)} | ${name} |`]));
  return ["| ms | since the request |", "|---:|---|", ...reached].join("\n");
}

/** What was generated, and how much drafts have saved. */
function computedText({ tokens, steps, drafted, accepted, finishReason }: ComputedFigures): string {
  const drafts = drafted > 0 ? `; ${accepted} of ${counted(drafted, "drafted token")} accepted` : "";
  return `${counted(tokens, "token")} in ${counted(steps, "step")}${drafts}. It ended because ${finishText(finishReason)}.`;
}

/** How much was computed in vain, which `TokenUsage` bounds. */
function decodedText({ tokens, unused }: DecodedTotals): string {
  const share = Math.round((100 * unused) / tokens);
  return `Decoded since the server started: ${counted(tokens, "token")}, ${share}% in vain: cancelled before their first text, or computed ahead and never asked for.`;
}

/** A block of code whose fence the text cannot close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
