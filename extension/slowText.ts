/** The message that says that first lines take long, and what would help. */
import type { SlowAdvice, SlowLines } from "../server/protocol/index.ts";
import { timeText } from "./modelItems.ts";

interface SlowAction {
  readonly label: string;
  readonly advice: SlowAdvice;
}

/** More than two actions are no longer read. */
const MOST_ACTIONS = 2;

/** The message, and at most two actions against the cause. */
export function slowText({ model, lineMs, advice }: SlowLines): {
  readonly message: string;
  readonly actions: readonly SlowAction[];
} {
  const chosen = advice.slice(0, MOST_ACTIONS);
  const helps = chosen.map(helpText).join(" ");
  return {
    message: `Foretoken: with ${model}, the first line takes ${timeText(lineMs)} on this machine. ${helps}`,
    actions: chosen.map(each => ({ label: labelOf(each), advice: each })),
  };
}

function helpText(advice: SlowAdvice): string {
  switch (advice.kind) {
    case "model":
      return `${advice.title} would take about ${timeText(advice.lineMs)}.`;
    case "context":
      return `With ${advice.tokens} tokens of context it would take about ${timeText(advice.lineMs)}.`;
    case "backend":
      return `It could run on the graphics card (${advice.backend}) instead of the processor.`;
  }
}

function labelOf(advice: SlowAdvice): string {
  switch (advice.kind) {
    case "model":
      return "Use That Model";
    case "context":
      return `Use ${advice.tokens} Tokens`;
    case "backend":
      return "Use the Graphics Card";
  }
}
