/** `foretoken bench compare`: Foretoken, the published methods and llama.cpp's server in one interleaved run. */
import { parseArgs } from "node:util";
import { defaultModelPath } from "../../server/system/index.ts";
import { names } from "./arguments.ts";
import { print } from "./command.ts";
import { betterOfEach, compareTable, leads } from "./compareTable.ts";
import { COMPARISON_OPTIONS, comparisonArguments, introduction, publish, today } from "./comparison.ts";
import type { DecodeReport } from "./decode.ts";
import { type LlamaServer, SERVER_PACKAGE, serverPython, startServer } from "./llamaServer.ts";
import { measureSuites } from "./measureSuites.ts";
import { isServer } from "./methodMaker.ts";
import { METHODS, type MethodName, NEED_DRAFT_MODEL, NEED_STORE, type ServerName } from "./methods.ts";

/** Everything but parts of Foretoken. */
const COMPARED: readonly MethodName[] = METHODS.filter(
  name => !name.startsWith("no-") && !name.startsWith("raw-") && !name.startsWith("fixed-"),
);
/** The context of the servers: the engine's own. */
const CONTEXT_TOKENS = 4096;

export async function compareCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ args, options: COMPARISON_OPTIONS });
  const wanted = values.methods ? names(values.methods, "methods", METHODS) : COMPARED;
  const methods = METHODS.filter(
    name =>
      name === "plain" ||
      (wanted.includes(name) &&
        (values.datastore || !NEED_STORE.includes(name)) &&
        (values["draft-model"] || !NEED_DRAFT_MODEL.includes(name))),
  );
  const asked = comparisonArguments(values);
  const servers = await startServers(methods, asked.model ?? defaultModelPath(), asked.threads);
  try {
    const urls = new Map([...servers].map(([name, { url }]) => [name, url] as const));
    const report = await measureSuites({ ...asked, methods, servers: urls }, signal);
    const how = `${asked.items} items a suite, ${asked.runs} interleaved runs of ${asked.maxTokens} tokens, ${SERVER_PACKAGE}`;
    if (values.json) print(JSON.stringify(report, null, 2));
    else publish(comparison(report, how), "compare", values.write === true);
  } finally {
    for (const server of servers.values()) server.stop();
  }
}

async function startServers(
  methods: readonly MethodName[],
  model: string,
  threads: number,
): Promise<Map<ServerName, LlamaServer>> {
  const wanted = methods.filter(isServer);
  const servers = new Map<ServerName, LlamaServer>();
  if (wanted.length === 0) return servers;
  const python = serverPython();
  for (const name of wanted) {
    const [, speculation = "none"] = name.split("+");
    servers.set(
      name,
      await startServer(python, { model, threads, contextTokens: CONTEXT_TOKENS, speculation }),
    );
  }
  return servers;
}

function comparison(report: DecodeReport, how: string): string {
  const shown = betterOfEach(report);
  const lines = leads(shown).map(({ suite, best, lead }) => `${suite} ${lead.toFixed(2)} of ${best}`);
  return [
    introduction(report, today(), how),
    "",
    "Each published method ran as published and with what Foretoken sees besides (`+suffix`: the text after the cursor, and in edits what was deleted there; `+prompt`: the model's predictions within the prompt); the faster of the two is shown, under its name.",
    "",
    compareTable(shown),
    "",
    `Foretoken beside the best of the others, by suite: ${lines.join(", ")}.`,
  ].join("\n");
}
