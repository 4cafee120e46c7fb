/** The results of typing beside their goals, as text. */
import { basename } from "node:path";
import { table } from "../figures.ts";
import type { Latency, RecordedRequest, TypingFigures } from "./requestRecords.ts";
import type { PlacedFlicker, SightFigures, StrokeFigures } from "./sightFigures.ts";

type LongFileFigures = Pick<TypingFigures, "promptTokensComputed" | "firstTextMs">;

export interface KeystrokeResult {
  readonly hardware: string;
  readonly date: string;
  readonly typing: StrokeFigures;
  readonly editor: TypingFigures;
  readonly page: SightFigures;
  readonly alone: TypingFigures;
  readonly slowest: readonly RecordedRequest[];
  readonly longFileEnd: LongFileFigures;
  /** With `foretoken.reuse` as it is by default, and with the text after the cursor always moved into place. */
  readonly longFileMiddle: LongFileFigures;
  readonly longFileMiddleShifted: LongFileFigures;
}

const EXAMPLES = 12;
const EXAMPLE_CHARACTERS = 60;

const reported = (latency: Latency | undefined) => {
  if (!latency) return "nothing to measure";
  const { p50 = "?", p90 = "?", max, count, cut } = latency;
  return `${p50} / ${p90} (most ${max}, ${count} requests${cut > 0 ? ` and ${cut} cut off before` : ""})`;
};
const percent = (share: number) => `${Math.round(1_000 * share) / 10}%`;
const tokens = ({ tokens: { decoded, unused, unusedShare, notFollowed } }: TypingFigures) =>
  `${percent(unusedShare)} (${unused} of ${decoded}; ${notFollowed} not followed to their end)`;

/** One line for each goal, then examples of flicker and the slowest requests. */
export function keystrokeTable(result: KeystrokeResult): string {
  const { typing, editor, page, alone, longFileEnd, longFileMiddle, longFileMiddleShifted } = result;
  const { flicker } = page;
  const flickers = `${flicker.all.length} (${flicker.blinked} blinked, ${flicker.replaced} replaced, ${flicker.vanished} vanished)`;
  return [
    `${result.hardware}, ${result.date}`,
    `${typing.keys} keys, ${typing.keysPerSecond} a second, in ${typing.functions} functions (${typing.inMiddle} in the middle of files), ${typing.backspaces} backspaces, ${typing.accepted} suggestions accepted (${typing.acceptedCharacters} characters)`,
    `VS Code asked nothing for ${page.keysWithoutRequest} keys; of the ${page.agreeingKeys} that agreed with ghost text, ${page.agreeingKeysWithoutRequest}`,
    `Outcomes in VS Code: ${outcomes(editor)}; alone: ${outcomes(alone)}`,
    "",
    table(
      ["measured (p50 / p90)", "goal", "found"],
      [
        ["from memory, VS Code's requests, ms", "p50 < 5", reported(editor.rememberedMs)],
        ["from memory, a request for each key, ms", "p50 < 5", reported(alone.rememberedMs)],
        ["joined, a request for each key, to first text, ms", "", reported(alone.joinedFirstTextMs)],
        ["new, VS Code's requests, to first text, ms", "p50 < 150, p90 < 300", reported(editor.firstTextMs)],
        ["of it, building the prompt", "", reported(editor.promptMs)],
        ["of it, prefill", "", reported(editor.prefillMs)],
        ["new, from key to frame in the page, ms", "p50 < 150, p90 < 300", reported(page.newTextMs)],
        ["of it, from key to server", "", reported(page.keyToServerMs)],
        ["of it, from the server's text to the frame", "", reported(page.serverToFrameMs)],
        ["from memory, from key to frame in the page, ms", "", reported(page.rememberedTextMs)],
        ["new, a request for each key, to first text, ms", "", reported(alone.firstTextMs)],
        ["decoded for nothing, VS Code", "< 25%", tokens(editor)],
        ["decoded for nothing, a request for each key", "< 25%", tokens(alone)],
        ["flicker", "0", flickers],
        [
          "prompt tokens computed, end of 1,000 lines",
          "p50 < 10",
          reported(longFileEnd.promptTokensComputed),
        ],
        ["prompt tokens computed, middle of them", "p50 < 80", reported(longFileMiddle.promptTokensComputed)],
        ["the same, always moved", "", reported(longFileMiddleShifted.promptTokensComputed)],
      ],
    ),
    "",
    ...flicker.all.slice(0, EXAMPLES).map(exampleOf),
    ...result.slowest.map(slowOf),
  ].join("\n");
}

const outcomes = (figures: TypingFigures) =>
  Object.entries(figures.outcomes)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");

function exampleOf({ kind, module, goneMs, expected, seen, typed }: PlacedFlicker): string {
  // Only what differs is reported: what had been typed is the same in both.
  const from = typed.lastIndexOf("\n") + 1;
  const part = (text: string) => JSON.stringify(text.slice(from, from + EXAMPLE_CHARACTERS));
  const gone = goneMs > 0 ? ` for ${Math.round(goneMs)} ms` : "";
  return `${kind}${gone} in ${module}: ${part(expected)}, then ${part(seen)}, typed ${part(typed)}`;
}

function slowOf({ uri, line, character, timeline, computed }: RecordedRequest): string {
  const at = (ms: number | undefined) => Math.round(ms ?? 0);
  const { queuedMs, promptMs, prefilledMs, firstTextMs } = timeline;
  const parts = computed
    ? `; queued until ${at(queuedMs)}, prompt until ${at(promptMs)}, prefill of ${computed.promptTokens - computed.reusedTokens} of ${computed.promptTokens} tokens until ${at(prefilledMs)}`
    : "";
  return `slow: ${basename(uri)}:${line + 1}:${character + 1} after ${at(firstTextMs)} ms${parts}`;
}
