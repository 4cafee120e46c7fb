/** `foretoken bench trace`: what methods draft on the fixed trace, to be compared with their originals. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ArgumentsError } from "../../server/system/index.ts";
import { names, path } from "./arguments.ts";
import { print } from "./command.ts";
import { table } from "./figures.ts";
import { goose } from "./presets/goose.ts";
import { lookahead } from "./presets/lookahead.ts";
import { pia } from "./presets/pia.ts";
import { pld } from "./presets/pld.ts";
import type { Preset } from "./presets/preset.ts";
import { racer } from "./presets/racer.ts";
import { recycling } from "./presets/recycling.ts";
import { suffixDecoding } from "./presets/suffixDecoding.ts";
import { makeTrace, runTrace, TRACE_VOCABULARY } from "./trace.ts";

/** The methods that need neither a store nor a second model. */
const TRACED = {
  pld: () => pld,
  "recycling+prompt": () => ({ ...recycling(TRACE_VOCABULARY), readsPrompt: true }),
  pia: () => pia(() => false),
  lookahead: () => lookahead,
  "suffix-decoding": () => suffixDecoding,
  goose: () => goose,
  racer: () => racer(TRACE_VOCABULARY),
  "racer-sglang": () => racer(TRACE_VOCABULARY, "racer-sglang"),
} satisfies Record<string, () => Preset>;
type Traced = keyof typeof TRACED;
const NAMES = Object.keys(TRACED).filter((name): name is Traced => name in TRACED);

export async function traceCommand(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { methods: { type: "string" }, out: { type: "string" } } });
  const methods = values.methods ? names(values.methods, "methods", NAMES) : NAMES;
  const out = path(values.out);
  if (!out) throw new ArgumentsError("bench trace needs --out FILE.");
  const trace = makeTrace();
  const runs = methods.map(name => ({ method: name, steps: runTrace(TRACED[name](), trace) }));
  const text = { prompt: [...trace.prompt], said: [...trace.said], vocabulary: TRACE_VOCABULARY };
  writeFileSync(out, JSON.stringify({ ...text, runs }));
  const rows = runs.map(({ method, steps }) => [
    method,
    String(steps.length),
    (trace.said.length / steps.length).toFixed(2),
    (steps.reduce((sum, { tokens }) => sum + tokens.length, 0) / steps.length).toFixed(1),
  ]);
  print(table(["method", "steps", "tokens/step", "nodes/step"], rows));
}
