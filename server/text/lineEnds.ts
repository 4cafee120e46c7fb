/** Line ends, which the model has only ever seen as line feeds. */

/** A text as prompts, drafts and what is shown have it: each line end is a single line feed. */
export const withLineFeeds = (text: string): string => text.replaceAll("\r\n", "\n");
