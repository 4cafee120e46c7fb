export { makeFolder } from "./makeFolder.ts";
export { rewrite, textOf } from "./rewrite.ts";
export { writeWhole } from "./writeWhole.ts";
