export { type Edit, extended, replacement, type Stretch } from "./edit.ts";
export { type Snapshot, surroundings, wantsCompletion } from "./snapshot.ts";
export { type Hash, sameHash, TextHash } from "./textHash.ts";
export { type BlankLine, blankLine, type Cursor, placeOf, type TextPlace, typedSince } from "./textPlace.ts";
