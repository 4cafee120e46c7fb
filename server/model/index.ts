export { loadOptions, modelLoader } from "./loader.ts";
export { measuredModel } from "./measured.ts";
export { type ModelFeature, OUT_OF_MEMORY, registerModel } from "./modelFeature.ts";
export type { LoadedModel, LoadModel } from "./modelHost.ts";
export { Session } from "./session.ts";
