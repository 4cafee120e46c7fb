export { makeFolder } from "./makeFolder.ts";
export { writeWhole } from "./writeWhole.ts";
