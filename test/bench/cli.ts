/** The process of `foretoken bench`. */
import { reportAndFail } from "../../server/system/index.ts";
import { bench } from "./main.ts";

bench(process.argv.slice(2)).catch(reportAndFail);
