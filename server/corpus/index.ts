export { registerDatastores } from "./feature.ts";
export { openCorpus } from "./openCorpus.ts";
export { specOf } from "./sources.ts";
export { withVocabulary } from "./withVocabulary.ts";
export { nearnessTo, Workspace } from "./workspace.ts";
