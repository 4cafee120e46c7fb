/** Line ends: the model only knows line feeds. */

/** Makes each line end a single line feed, as in prompts, drafts and shown text. */
export const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, "\n");
