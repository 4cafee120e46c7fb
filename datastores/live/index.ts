export { LiveIndex } from "./liveIndex.ts";
