export { readApart } from "./apart.ts";
export { isProjectSource, readFolder, walk } from "./folder.ts";
export { download } from "./hub.ts";
export type { SourceInput } from "./input.ts";
export { listInputs, readInput } from "./inputs.ts";
export { DOCUMENT_BYTES_LIMIT, isDamage, type ReadOptions } from "./reading.ts";
export { pathWithin, readWithin } from "./regularFile.ts";
export { ACCEPTED_SOURCES, parseSource, type SourceSpec, statesLicences, termsOf } from "./spec.ts";
export { Visibility } from "./visibility.ts";
