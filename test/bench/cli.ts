/** The process of `foretoken bench`. */
import { endWithOutput, reportAndFail } from "../../server/system/index.ts";
import { bench } from "./main.ts";

endWithOutput(process);
bench(process.argv.slice(2)).catch(reportAndFail);
