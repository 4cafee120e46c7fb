export { ChunkedText } from "./chunkedText.ts";
export {
  type BlankLine,
  blankLine,
  type Cursor,
  type DocumentPosition,
  placeOf,
  typedSince,
} from "./documentPosition.ts";
export { type Edit, extended, replacement, type Stretch } from "./edit.ts";
export { withLineFeeds } from "./lineEnds.ts";
export {
  type Cell,
  isInCharacter,
  type NotebookCells,
  type Snapshot,
  surroundings,
  wantsCompletion,
} from "./snapshot.ts";
export { type Hash, type HashesAround, sameHash, TextHash, wholeHash } from "./textHash.ts";
