export { formatOf, type PromptFormat } from "./formats.ts";
export { buildPrompt, type ContextFile, type Prompt, type PromptParts } from "./prompt.ts";
