export { DenyList } from "./denyList.ts";
export { Filters } from "./pipeline.ts";
export type { SyntaxFigures, SyntaxReader } from "./syntax.ts";
