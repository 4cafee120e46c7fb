export { LiveIndex } from "./liveIndex.ts";
export { MatchList } from "./matchList.ts";
export { SEPARATOR } from "./tokenLog.ts";
