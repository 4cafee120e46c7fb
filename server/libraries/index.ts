export { registerLibraries } from "./feature.ts";
