export { Chat, notesOnChatting } from "./chat.ts";
export { ChatTemplate, type Message, openTemplate } from "./template.ts";
export { type Terminal, talk } from "./terminal.ts";
