export { Chat, notesOnChatting } from "./chat.ts";
export type { Message } from "./message.ts";
export { ChatTemplate, openTemplate } from "./template.ts";
export { type Terminal, talk } from "./terminal.ts";
