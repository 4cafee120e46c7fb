/** The process of `foretoken bench`. */
import { endWithOutput, reportAndFail } from "../../server/system/index.ts";
import { BENCH_USAGE } from "./arguments.ts";
import { bench } from "./main.ts";

endWithOutput(process);
bench(process.argv.slice(2)).catch(error => reportAndFail(error, BENCH_USAGE));
