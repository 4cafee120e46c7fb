/**
 * Conversations as data sets publish them, and their plain form in a store: the trimmed text of each turn, separated by
 * blank lines. Roles are not named: a store holds no control tokens, so drafts are only found within answers, where the
 * model's preceding text contains no names either.
 */

/** Paths of the turns: ShareGPT; OpenAI's form, also UltraChat's in Parquet; LMSYS and WildChat; UltraChat's lines. */
export const CONVERSATION_PATHS = ["conversations.value", "messages.content", "conversation.content", "data"];

/** The turns as one text; undefined if none is text. */
export function joinTurns(turns: readonly unknown[]): string | undefined {
  const texts = turns.filter(turn => typeof turn === "string").map(turn => turn.trim());
  return texts.length > 0 ? texts.filter(text => text !== "").join("\n\n") : undefined;
}

export interface FoundText {
  readonly text: string;
  /** Whether the text was joined from a list. */
  readonly isConversation: boolean;
}

/**
 * The text at a path of an object, such as `messages.content`: names separated by dots; names below a list apply to
 * each of its items. A single name that contains the dots takes precedence. Undefined if there is no text.
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
