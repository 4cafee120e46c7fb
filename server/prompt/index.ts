export { formatOf, type PromptFormat } from "./formats.ts";
export { buildPrompt, type ContextFile, type Prompt, type ReusablePrompt } from "./prompt.ts";
