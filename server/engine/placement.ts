/**
 * How much of a model goes to the graphics memory. The best placement is tried first; if memory runs out, the next
 * one takes less: a shorter context, then fewer layers, finally none, which is the processor alone.
 */
import type { EngineProblem } from "./engine.ts";
import type { Library } from "./libllama.ts";
import { isProblem } from "./modelFile.ts";

export interface Placement {
  /** Layers in graphics memory, the output layer counted; 0 none, -1 all. */
  readonly layers: number;
  readonly contextTokens: number;
}

interface Need {
  /** Blocks of the model and its output layer. */
  readonly layers: number;
  /** Size of the weights. */
  readonly modelBytes: number;
  readonly contextTokens: number;
  /** Free graphics memory, where that is known. */
  readonly freeBytes: number | undefined;
}

export const ALL_LAYERS = -1;
/** Shorter contexts do not see enough of a file: fewer layers are the smaller loss. */
const MIN_CONTEXT_TOKENS = 2048;
/** Longer contexts than this hold more than prompts usually have: they are shortened before any layer is left out. */
const AMPLE_CONTEXT_TOKENS = 4096;
/** What is left of the graphics memory for compute buffers, the KV cache and other programs' growth. */
const WEIGHTS_SHARE = 0.85;
const FRACTIONS = [1, 3 / 4, 1 / 2, 1 / 4];

/** The placements to try, the best first. The last one is the processor alone. */
export function placements({ layers, modelBytes, contextTokens, freeBytes }: Need): Placement[] {
  const contexts = [contextTokens, ...shorterContexts(contextTokens)];
  const shortest = contexts.at(-1) ?? contextTokens;
  const fitting =
    freeBytes === undefined
      ? layers
      : Math.min(layers, Math.floor((freeBytes * WEIGHTS_SHARE * layers) / Math.max(1, modelBytes)));
  const found: Placement[] = [];
  for (const fraction of FRACTIONS) {
    const count = Math.floor(fitting * fraction);
    if (count < 1) break;
    const placed = count === layers ? ALL_LAYERS : count;
    for (const tokens of fraction === 1 ? contexts : [shortest])
      found.push({ layers: placed, contextTokens: tokens });
  }
  return [...found, { layers: 0, contextTokens }];
}

/** The placements that take less graphics memory than the one with which it ran out; at least the last one. */
export function smallerThan(than: Placement, choices: readonly Placement[]): readonly Placement[] {
  const isSmaller = ({ layers, contextTokens }: Placement) =>
    layers === than.layers ? contextTokens < than.contextTokens : rankOf(layers) < rankOf(than.layers);
  const found = choices.filter(isSmaller);
  return found.length > 0 ? found : choices.slice(-1);
}

const rankOf = (layers: number) => (layers === ALL_LAYERS ? Number.POSITIVE_INFINITY : layers);

/** How a model is loaded and a context made of it; each step resolves to what it has made, or why not. */
interface PlacingSteps<Model extends object | bigint | null, Made extends object> {
  readonly load: (layers: number) => Promise<Model | EngineProblem>;
  readonly make: (model: Model, placement: Placement) => Promise<Made | EngineProblem>;
  readonly free: (model: Model) => void;
}

/**
 * Uses the first placement for which there is memory. For a shorter context with as many layers the model is kept: reading it
 * again takes seconds.
 */
export async function placeFirstFitting<Model extends object | bigint | null, Made extends object>(
  choices: readonly Placement[],
  { load, make, free }: PlacingSteps<Model, Made>,
): Promise<Made | EngineProblem> {
  const isShort = (outcome: Made | EngineProblem) => isProblem(outcome) && outcome.code === "memory";
  let outcome: Made | EngineProblem | undefined;
  for (const layers of new Set(choices.map(each => each.layers))) {
    const model = await load(layers);
    if (isProblem(model)) outcome = model;
    else {
      for (const placement of choices.filter(each => each.layers === layers)) {
        outcome = await make(model, placement);
        if (!isShort(outcome)) break;
      }
      if (outcome && isProblem(outcome)) free(model);
    }
    if (outcome && !isShort(outcome)) break;
  }
  if (!outcome) throw new Error("no placement to try");
  return outcome;
}

/** What a context is shortened to where memory is short, the longest first. */
function shorterContexts(contextTokens: number): number[] {
  const found: number[] = [];
  let last = contextTokens;
  do {
    last = Math.max(Math.min(last, MIN_CONTEXT_TOKENS), last >> 1);
    if (last < contextTokens) found.push(last);
  } while (last > AMPLE_CONTEXT_TOKENS);
  return found;
}

/** What the log says of a placement that is not the whole model on the graphics card. */
export function placementNote({ layers, contextTokens }: Placement, wanted: Placement): string | undefined {
  const shortened =
    contextTokens < wanted.contextTokens ? ` and the context is ${contextTokens} tokens long` : "";
  if (layers === 0 && wanted.layers !== 0)
    return `The graphics memory is too small for this model: it runs on the processor${shortened}.`;
  if (layers !== wanted.layers)
    return `The graphics memory holds ${layers} of the model's layers; the processor computes the rest${shortened}.`;
  return shortened ? `The graphics memory is short:${shortened.slice(" and".length)}.` : undefined;
}

const GPU_TYPES = [1, 2];

/** The graphics device with the most free memory. */
interface GraphicsDevice {
  /** As the driver calls it. */
  readonly name: string;
  /** In bytes, as those of `totalBytes`. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** undefined where there is no graphics device or it does not say. */
export function graphicsDevice(library: Library): GraphicsDevice | undefined {
  let largest: GraphicsDevice | undefined;
  for (let index = 0; index < library.deviceCount(); index++) {
    const device = library.deviceAt(index);
    if (!GPU_TYPES.includes(library.deviceType(device))) continue;
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    library.deviceMemory(device, free, total);
    const found = {
      name: library.deviceDescription(device),
      freeBytes: Number(free[0]),
      totalBytes: Number(total[0]),
    };
    if (found.freeBytes > (largest?.freeBytes ?? 0)) largest = found;
  }
  return largest;
}
