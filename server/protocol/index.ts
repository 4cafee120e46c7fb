export { GrowingText } from "./growingText.ts";
export {
  ACCEPT_COMMAND,
  BuildProgress,
  type BuildReport,
  type CompletionFigures,
  DidChangeTrustNotification,
  DidFocusNotification,
  DidPartiallyAcceptCompletionNotification,
  DidShowCompletionNotification,
  type DraftSourceStatus,
  ExplainLastRequest,
  FreeMemoryRequest,
  type InitializationOptions,
  InlineCompletionProgress,
  RebuildDatastoreRequest,
  type RebuildParams,
  type RebuildResult,
  type ShownItem,
  type Status,
  StatusNotification,
  type StoreStatus,
  type StreamedParams,
} from "./messages.ts";
export type {
  ComputedFigures,
  DecodedTotals,
  Outcome,
  RequestRecord,
  Suppression,
  Timeline,
} from "./outcome.ts";
export {
  DEFAULT_SETTINGS,
  languageEnabled,
  type MachineLimits,
  RELOADING_SETTINGS,
  readSettings,
  SECTION,
  type Settings,
} from "./settings.ts";
export { agrees, replacedNow, typedPart, withoutClosedPair } from "./typedAlong.ts";
