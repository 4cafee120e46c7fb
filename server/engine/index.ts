export { decide, forgetMissingDevices } from "./backend.ts";
export { CHUNK_SIZES, type EngineConfiguration, isConfiguration } from "./configuration.ts";
export type {
  ChatFormat,
  Decoded,
  DecodeOutcome,
  Engine,
  EngineInfo,
  EngineProblem,
  NotComputed,
  PrefillOutcome,
  PromptTail,
  TokenTree,
  Vocabulary,
} from "./engine.ts";
export type { Exactness } from "./exactness.ts";
export { LlamaEngine } from "./llama.ts";
export { type LoadOptions, loadEngine, threadChoices } from "./load.ts";
export { LoadAttempts, stopRecordingLoads } from "./loadAttempts.ts";
export { loadBeside } from "./loadBeside.ts";
export { type Baseline, openBaseline } from "./lookupBaseline.ts";
export { estimateModelBytes } from "./memoryEstimate.ts";
export { loadVocabulary } from "./modelFile.ts";
export { NO_MIDDLE_NOTE } from "./modelNotes.ts";
export type { Placement } from "./placement.ts";
export { filesHaveSameTokens } from "./sameTokens.ts";
export { EXACT_ROWS, type TreeLimits } from "./treeLimits.ts";
export { newProgress, type TuningProgress, tune, tuneDrafter } from "./tune.ts";
export { LlamaVocabulary } from "./vocabulary.ts";
export { WordTokenizer } from "./wordTokenizer.ts";
