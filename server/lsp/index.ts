export { Configuration, type SettingsChange } from "./configuration.ts";
export { DOCUMENT_SYNC, type DocumentChange, type Documents, trackDocuments } from "./documents.ts";
export { watchFraming } from "./framing.ts";
export { initializationOptions } from "./initialization.ts";
export { messageGate } from "./messageGate.ts";
export { NOTEBOOK_SYNC } from "./notebooks.ts";
export { StatusBoard } from "./status.ts";
export { WatchedFiles } from "./watchedFiles.ts";
export { WorkspaceFolders } from "./workspaceFolders.ts";
