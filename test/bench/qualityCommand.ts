/** `foretoken bench quality`: what is completed, by which model, and the report. */
import { parseArgs } from "node:util";
import { DEFAULT_SETTINGS } from "../../server/protocol/index.ts";
import { Grammars } from "../../server/syntax/index.ts";
import { grammarsDirectory, whole } from "../../server/system/index.ts";
import { names, path } from "./arguments.ts";
import { load, print, progress } from "./command.ts";
import { hardware, headline, measuredModel } from "./figures.ts";
import { INFILLING_SUITES, infillings } from "./infilling.ts";
import { measureQuality, type QualityResult, qualityTable } from "./quality.ts";
import { openSandbox } from "./sandbox.ts";

export async function qualityCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      problems: { type: "string" },
      suite: { type: "string" },
      items: { type: "string" },
      "max-tokens": { type: "string" },
      model: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const suite = values.suite ?? "all";
  const suites = suite === "all" ? [...INFILLING_SUITES] : names(suite, "suite", INFILLING_SUITES);
  const count = whole(values, "items", 100, 0);
  const maxTokens = whole(values, "max-tokens", DEFAULT_SETTINGS.maxTokens, 1);
  const items = suites.map(each => infillings(each, path(values.problems), count));
  const sandbox = openSandbox();
  const grammars = new Grammars(grammarsDirectory());
  const engine = await load(values, whole(values, "threads", 0, 0), 0, signal);
  try {
    const results: QualityResult[] = [];
    for (const [i, each] of suites.entries()) {
      const ofSuite = items[i] ?? [];
      const reported = (done: number) => progress(`${each}: ${done} of ${ofSuite.length} items`);
      const options = { maxTokens, grammars, sandbox, progress: reported };
      results.push(await measureQuality(engine, each, ofSuite, options, signal));
    }
    progress("");
    const measured = { hardware: hardware(engine.info), model: measuredModel(engine.info) };
    if (values.json) return void print(JSON.stringify({ ...measured, suites: results }, null, 2));
    print(`${headline(measured.hardware, measured.model)}\n\n${qualityTable(results)}`);
    if (!sandbox.withoutNetwork) print("Programs could have reached the network.");
  } finally {
    await engine.dispose();
  }
}
