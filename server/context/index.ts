export { stampOf, statusOf } from "./fileStatus.ts";
export { asOneText, neighbouringLines } from "./notebook.ts";
export { OpenFiles } from "./openFiles.ts";
export { isIgnoreFile, pathOf, type ShownFile, ShownFiles } from "./shownFiles.ts";
