export { closesOnly } from "./closers.ts";
export { TextStream } from "./decoder.ts";
export { indentationStyle } from "./indentation.ts";
export { overlap } from "./overlap.ts";
export { type Place, placeAt } from "./place.ts";
export { Scanner } from "./scanner.ts";
export { type Shaped, shape } from "./shape.ts";
