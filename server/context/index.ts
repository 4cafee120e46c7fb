export { OpenFiles } from "./openFiles.ts";
