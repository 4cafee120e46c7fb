export { registerDatastores } from "./feature.ts";
export { nearnessTo } from "./nearness.ts";
export { openCorpus } from "./openCorpus.ts";
export { specOf } from "./sources.ts";
export { withVocabulary } from "./withVocabulary.ts";
export { Workspace } from "./workspace.ts";
