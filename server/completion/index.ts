export { type CompleteOptions, type Completion, complete, promptAt } from "./complete.ts";
export { CompletionCache } from "./completionCache.ts";
export { Drafts, rememberedDeletion } from "./drafts.ts";
export { type End, type GenerateOptions, generate } from "./generate.ts";
export { registerInlineCompletion } from "./inlineCompletion.ts";
export { LastCompletion } from "./lastCompletion.ts";
export { recorder } from "./recorder.ts";
export { type SelfTestReport, selfTest } from "./selfTest.ts";
export { TokenUsage } from "./tokenUsage.ts";
