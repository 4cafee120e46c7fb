export { DenyList } from "./denyList.ts";
export { Duplicates } from "./duplicates.ts";
export { Filters, type Judgement } from "./pipeline.ts";
export { SKETCH_BYTES } from "./sketch.ts";
export type { SyntaxFigures, SyntaxReader } from "./syntax.ts";
