/**
 * Conversations as data sets publish them, and their plain form in a store: what each turn says, trimmed, with a blank
 * line between. No names of roles: a store holds no control tokens, so drafts are found inside of answers alone, where
 * a model has text before it and no names.
 */

/** Where the turns lie: ShareGPT; OpenAI's form, which UltraChat has in Parquet; LMSYS and WildChat; UltraChat's lines. */
export const CONVERSATION_PATHS = ["conversations.value", "messages.content", "conversation.content", "data"];

/** The turns as one text; undefined where none is text. */
export function joinTurns(turns: readonly unknown[]): string | undefined {
  const texts = turns.filter(turn => typeof turn === "string").map(turn => turn.trim());
  return texts.length > 0 ? texts.filter(text => text !== "").join("\n\n") : undefined;
}

export interface FoundText {
  readonly text: string;
  /** Whether it was joined from a list of texts. */
  readonly isConversation: boolean;
}

/**
 * The text at a path of an object, such as `messages.content`: names with dots between, of which those below a list are
 * of each of its items. A name that has the dots itself comes first. Undefined where there is no text.
 */
export function textAt(item: Readonly<Record<string, unknown>>, path: string): FoundText | undefined {
  const value = Object.hasOwn(item, path) ? item[path] : valueAt(item, path.split("."));
  if (typeof value === "string") return { text: value, isConversation: false };
  const text = Array.isArray(value) ? joinTurns(value) : undefined;
  return text === undefined ? undefined : { text, isConversation: true };
}

function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.map(item => valueAt(item, [name, ...rest]));
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return valueAt((value as Record<string, unknown>)[name], rest);
}
