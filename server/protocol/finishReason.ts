/** Why completions end, and how that is said to the user. Each text completes the sentence "It ended because ...". */
const TEXTS = {
  endOfText: "the model had no more to say",
  maxTokens: 'it was as long as "foretoken.maxTokens" allows',
  contextFull: "the context was full",
  lineEnd: "the line ended",
  maxLines: 'it had as many lines as "foretoken.maxLines" allows',
  closersOnly: "it would only close what is open, which is shown only when asked for",
  lowConfidence: 'the model was less sure than "foretoken.minConfidence" requires',
  statementEnd: "the statement was complete",
  blockEnd: "the block ended",
  bracket: "it closed a bracket that belongs to the document",
  suffix: "it reached the text that follows in the document",
  repetition: "it began to repeat itself",
  invalid: "what followed was not text",
  fence: "its code ended",
  aborted: "something else was typed or asked for",
  outOfMemory: "the device's memory ran out",
  failed: "the model could not compute it",
} as const;

/** `endOfText` is the model's own end token. */
export type FinishReason = keyof typeof TEXTS;

export const finishText = (reason: FinishReason): string => TEXTS[reason];
