/** The drafter of one completion, chosen by the sources that it drafts from. */
import {
  type CorpusSource,
  DraftMemory,
  type DraftModel,
  guard,
  PlainDrafter,
  type TreeDrafter,
} from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import type { Prompt } from "../prompt/index.ts";

export interface DraftOptions {
  /** Largest draft tree, root included; 1 decodes plainly. The tokens are the same for any value. */
  readonly treeNodes: number;
  /** What drafting remembers between completions; absent: nothing. */
  readonly memory?: DraftMemory;
  /** Other texts to draft from, the nearer first. */
  readonly corpora?: readonly CorpusSource[];
  /** A draft model, as a further source. */
  readonly draftModel?: DraftModel | undefined;
  /** Makes the source of drafts; absent is the document with `memory` and `corpora`. */
  readonly drafter?: (history: Int32Array, treeNodes: number) => TreeDrafter;
  /** Wraps the source of drafts, for example to time it. */
  readonly watch?: (drafter: TreeDrafter) => TreeDrafter;
  /** Called once when the source of drafts has failed; the completion continues without it. */
  readonly onFault?: (message: string) => void;
}

/** Makes a guarded drafter: if it cannot be made or fails, nothing is drafted. */
export function drafterOf(
  options: DraftOptions,
  prompt: Prompt,
  engine: Pick<Engine, "info" | "vocabulary" | "cost">,
): TreeDrafter {
  const { info, vocabulary } = engine;
  const { treeNodes, onFault = () => {}, watch } = options;
  const make = () => {
    if (options.drafter) return options.drafter(prompt.history, treeNodes);
    if (treeNodes <= 1) return new PlainDrafter();
    const memory = options.memory ?? new DraftMemory(vocabulary);
    return memory.drafter({
      before: prompt.history,
      after: prompt.after,
      corpora: options.corpora ?? [],
      draftModel: options.draftModel?.mayPayFor(engine) ? options.draftModel : undefined,
      maxNodes: treeNodes,
      maxLeaves: info.maxBranches,
    });
  };
  const drafter = guard(make, vocabulary.size, onFault);
  return watch?.(drafter) ?? drafter;
}
