/** One turn of a conversation, as templates read it. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
