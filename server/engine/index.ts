export { decide } from "./backend.ts";
export { type EngineConfiguration, isConfiguration } from "./configuration.ts";
export type {
  Decoded,
  DecodeOutcome,
  Engine,
  EngineInfo,
  EngineProblem,
  NotComputed,
  PrefillOutcome,
  TokenTree,
  Vocabulary,
} from "./engine.ts";
export type { Exactness } from "./exactness.ts";
export { LlamaEngine } from "./llama.ts";
export { type LoadOptions, loadEngine, threadChoices } from "./load.ts";
export { LoadAttempts } from "./loadAttempts.ts";
export { type Baseline, openBaseline } from "./lookupBaseline.ts";
export { loadVocabulary } from "./modelFile.ts";
export { EXACT_ROWS, type TreeLimits } from "./treeLimits.ts";
export { newProgress, type TuningProgress, tune } from "./tune.ts";
export { LlamaVocabulary } from "./vocabulary.ts";
export { WordTokenizer } from "./wordTokenizer.ts";
