/**
 * Completes a place of a file on one back end and prints what the model chose as JSON: a process of its own, as two
 * builds of llama.cpp do not go into one, and a driver may end it.
 *
 * Every number of rows is a shader of its own for the driver, and Mesa 22.3 ends the process at the seventh or so. So
 * there is one place to a process, trees are small, and `findExactRows`, which tries all sizes, is left out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type GenerateOptions, generate } from "../../server/completion/generate.ts";
import type { TreeDrafter } from "../../server/draft/drafter.ts";
import { DraftMemory } from "../../server/draft/memory.ts";
import { SOURCE_NAMES } from "../../server/draft/source.ts";
import type { VerifiedTree } from "../../server/draft/tree.ts";
import { loadEngine } from "../../server/engine/load.ts";
import { loadBeside } from "../../server/engine/loadBeside.ts";
import { tuneDrafter } from "../../server/engine/tune.ts";
import { buildPrompt } from "../../server/prompt/prompt.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { askedAlways, cpuOptions, never } from "../model/loaded.ts";

/** What the model chose. */
export interface ChosenTokens {
  readonly backend: string;
  readonly notes: readonly string[];
  readonly plain: readonly number[];
  readonly drafted: readonly number[];
  /** Draft tokens that were verified, and accepted. */
  readonly proposed: number;
  readonly accepted: number;
  /** The same with the model drafting for itself on the processor, and what computed its drafts. */
  readonly byProcessor: {
    readonly backend: string;
    readonly tokens: readonly number[];
    readonly accepted: number;
  };
  /** Share of the time without drafts in which this thread was busy, 0 to 1. */
  readonly busy: number;
  /** By token of `plain`: how far the model's choice was ahead of the second. */
  readonly leads: readonly number[];
}

const FILE = "test/fixtures/workspace/sample.py";
const TOKENS = 10;
const PROMPT_TOKENS = 64;
const TREE_NODES = 3;

const [, , backendName, line = "0"] = process.argv;
const options = { ...cpuOptions, requestedBackend: backendName === "vulkan" ? "vulkan" : "cpu" } as const;
const outcome = await loadEngine(options);
if ("problem" in outcome) throw new Error(`${outcome.problem.message} ${outcome.problem.remedy}`);
const { engine } = outcome;
engine.limitRows(TREE_NODES);

const text = readFileSync(join(packageRoot(), FILE), "utf8");
const before = text.split("\n").slice(0, Number(line)).join("\n");
const offset = before.length + 1 + text.slice(before.length + 1).search(/\S/);
const snapshot = { uri: FILE, languageId: "python", version: 1, text, offset };
const prompt = buildPrompt(snapshot, engine.vocabulary, PROMPT_TOKENS);

async function run(options: Pick<GenerateOptions, "treeNodes" | "watch" | "memory" | "draftModel">) {
  const found = { tokens: [] as number[], proposed: 0, accepted: 0 };
  const steps = generate(engine, prompt, { maxTokens: TOKENS, promptTail: "computed", ...options }, never);
  for (let next = await steps.next(); !next.done; next = await steps.next()) {
    if (next.value.kind !== "step") continue;
    found.tokens.push(...next.value.tokens);
    found.proposed += next.value.drafted;
    found.accepted += next.value.accepted;
  }
  return found;
}

const leads: number[] = [];
const beforehand = performance.eventLoopUtilization();
const plain = await run({ treeNodes: 1, watch: drafter => noting(drafter, leads) });
const { utilization: busy } = performance.eventLoopUtilization(beforehand);
// What was generated once is remembered, so that drafts of it are right.
const memory = new DraftMemory(engine.vocabulary);
memory.recent.add(Int32Array.from([...prompt.history, ...plain.tokens]));
const { tokens: drafted, proposed, accepted } = await run({ treeNodes: TREE_NODES, memory });
const byProcessor = await draftedByProcessor();
const { backend, notes } = engine.info;
await engine.dispose();
const result: ChosenTokens = {
  backend,
  notes,
  plain: plain.tokens,
  drafted,
  proposed,
  accepted,
  byProcessor,
  busy,
  leads,
};
process.stdout.write(JSON.stringify(result));

async function draftedByProcessor(): Promise<ChosenTokens["byProcessor"]> {
  const beside = await loadBeside(engine, { ...options, onProcessor: true });
  if ("problem" in beside) throw new Error(beside.problem.message);
  const drafter = beside.engine;
  await tuneDrafter(drafter, never);
  const without = SOURCE_NAMES.filter(name => name !== "draft model");
  const own = {
    memory: new DraftMemory(engine.vocabulary, { without }),
    draftModel: askedAlways(engine, drafter),
  };
  const { tokens, accepted } = await run({ treeNodes: TREE_NODES, ...own });
  await drafter.dispose();
  return { backend: drafter.info.backend, tokens, accepted };
}

/** Notes at each step how far the model's choice is ahead. */
function noting(drafter: TreeDrafter, leads: number[]): TreeDrafter {
  const [ids, logits] = [new Int32Array(2), new Float32Array(2)];
  return {
    push: token => drafter.push(token),
    draft: (root, room, cost) => drafter.draft(root, room, cost),
    observe({ top }: VerifiedTree) {
      top(0, 2, ids, logits);
      leads.push((logits[0] ?? 0) - (logits[1] ?? 0));
    },
  };
}
