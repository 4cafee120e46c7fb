export { CODE_EXTENSIONS, type FileKind, fileKindOf, WATCHED_FILES } from "./fileKinds.ts";
export { makeFolder } from "./makeFolder.ts";
export { writeWhole } from "./writeWhole.ts";
