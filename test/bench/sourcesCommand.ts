/** `foretoken bench sources`: the benefit of each source of drafts in Foretoken's tree, by leaving it out. */
import { parseArgs } from "node:util";
import { UsageError } from "../../server/system/index.ts";
import { ABLATIONS } from "./ablations.ts";
import { print } from "./command.ts";
import { COMPARISON_OPTIONS, comparisonArguments, introduction, publish, today } from "./comparison.ts";
import { measureSuites } from "./measureSuites.ts";
import type { MethodName } from "./methods.ts";
import { sourcesTable } from "./sourcesTable.ts";

/** Methods that leave out something which only exists with a store. */
const OF_STORE: readonly MethodName[] = ["no-datastore"];

export async function sourcesCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ args, options: COMPARISON_OPTIONS });
  if (values.methods)
    throw new UsageError("bench sources leaves out each source in turn and takes no --methods.");
  const whole = values.datastore ? "datastore" : "foretoken";
  const without = ABLATIONS.filter(name => name.startsWith("no-"));
  const methods: MethodName[] = [
    "plain",
    whole,
    ...without.filter(name => values.datastore || !OF_STORE.includes(name)),
  ];
  const asked = comparisonArguments(values);
  const report = await measureSuites({ ...asked, methods, servers: new Map() }, signal);
  if (values.json) return void print(JSON.stringify(report, null, 2));
  const how = `${asked.items} items a suite, ${asked.runs} interleaved runs of ${asked.maxTokens} tokens`;
  const text = [introduction(report, today(), how), "", sourcesTable(report, whole)].join("\n");
  publish(text, "sources", values.write === true);
}
