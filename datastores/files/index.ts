export { writeWhole } from "./writeWhole.ts";
