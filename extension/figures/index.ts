export {
  type EventLog,
  joined,
  MOST_EVENTS,
  NO_EVENTS,
  RETENTION_MS,
  type RequestEvent,
  readEvents,
  type SuggestionEvent,
  writeEvents,
} from "./events.ts";
export { exported } from "./exported.ts";
export { FollowedText, type TextChange } from "./followedText.ts";
export { NO_SERVER, type PageAction, type PageMessage, type ShowMessage } from "./messages.ts";
export { ticks } from "./quantiles.ts";
export { type LatencyGroup, type Summary, summarize } from "./summary.ts";
export { layOut } from "./treeLayout.ts";
export { age, amount, counted, duration, percent, visible } from "./words.ts";
