export { contentOf } from "./contentOf.ts";
export { makeFolder } from "./makeFolder.ts";
export { rewrite } from "./rewrite.ts";
export { writeWhole } from "./writeWhole.ts";
