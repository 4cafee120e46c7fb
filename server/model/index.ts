export { backendOf } from "./backendOption.ts";
export { betterBackend } from "./betterBackend.ts";
export { EnergySaver } from "./energySaver.ts";
export { loadOptions, modelLoader } from "./loader.ts";
export { estimatedBytes, measuredModel } from "./measured.ts";
export { type ModelFeature, OUT_OF_MEMORY, registerModel } from "./modelFeature.ts";
export { disposeModel, type LoadedModel, type LoadModel } from "./modelHost.ts";
export { Session } from "./session.ts";
export { SlowRule } from "./slowRule.ts";
