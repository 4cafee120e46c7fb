/**
 * A published method as the benchmark sees it: a source of drafts that replaces Foretoken's, with the tree size
 * that it was published with. Everything else (prefill, verification, KV cache) is the engine's and the same for all methods.
 */
import type { TreeDrafter } from "../../../server/draft/index.ts";
import type { PromptPredictions } from "./promptPredictions.ts";

/**
 * What a method may be given in addition to its original input: `suffix` is the text after the cursor, put in front of the
 * prefix, which Foretoken sees too; `prompt` is the model's predictions within the prompt.
 */
type Addition = "suffix" | "prompt";

/** The methods, each with the additional input of its second row; the others do not search the text, or have it already. */
const METHODS = {
  pld: "suffix",
  rest: undefined,
  sam: "suffix",
  "sam+recycling": "suffix",
  recycling: "prompt",
  pia: "suffix",
  lookahead: undefined,
  "suffix-decoding": "suffix",
  goose: "suffix",
  racer: "suffix",
  "racer-sglang": "suffix",
  speculative: undefined,
  ouroboros: undefined,
} as const satisfies Record<string, Addition | undefined>;
export type PublishedName = keyof typeof METHODS;
export type PresetName = PublishedName | `${PublishedName}+${Addition}`;

interface Variant {
  readonly name: PresetName;
  readonly original: PublishedName;
  readonly addition: Addition | undefined;
}

const isPublished = (name: string): name is PublishedName => name in METHODS;

const VARIANTS: readonly Variant[] = Object.keys(METHODS)
  .filter(isPublished)
  .flatMap(original => {
    const addition = METHODS[original];
    const published = { name: original, original, addition: undefined };
    return addition
      ? [published, { name: `${original}+${addition}` as const, original, addition }]
      : [published];
  });

export const PRESETS: readonly PresetName[] = VARIANTS.map(({ name }) => name);

/** The published method that a method implements; its own name if it is not a published one. */
export const originalOf = (name: string): string =>
  VARIANTS.find(variant => variant.name === name)?.original ?? name;

/** A method as published, or with the additional input that its name gives. */
export function variant(name: PresetName, published: (name: PublishedName) => Preset): Preset {
  const found = VARIANTS.find(each => each.name === name);
  if (!found) throw new Error(`${name} is no method of the literature`);
  const preset = published(found.original);
  if (found.addition === undefined) return preset;
  return found.addition === "suffix"
    ? { ...preset, name, seesSuffix: true }
    : { ...preset, name, readsPrompt: true };
}

/** What a method is given about a completion besides the text. */
export interface PromptDetails {
  /** The model's predictions after the prompt's tokens, for a method that uses them. */
  readonly predictions?: PromptPredictions | undefined;
  /** The most tokens that will be generated. */
  readonly maxTokens?: number | undefined;
}

/**
 * Makes the drafter of one completion.
 * @param history tokens that may be drafted from, oldest first; the last is the one before the cursor
 */
export type DrafterMaker = (history: Int32Array, details?: PromptDetails) => TreeDrafter;

export interface Preset {
  readonly name: PresetName;
  /** Largest tree, root included. */
  readonly nodes: number;
  /** Whether it learns from the model's predictions within the prompt. */
  readonly readsPrompt?: boolean;
  /** Whether the text after the cursor is put before the text before it. */
  readonly seesSuffix?: boolean;
  /** Begins a run over many prompts: anything a method keeps between prompts starts empty. */
  begin(): DrafterMaker;
}

/** The tokens a preset may draft from. @param deleted the text just deleted, which a method that sees the suffix gets too */
export function visibleText(
  { seesSuffix }: Preset,
  { history, after }: { readonly history: Int32Array; readonly after: Int32Array },
  deleted: Int32Array = new Int32Array(0),
): Int32Array {
  if (!seesSuffix) return history;
  const text = new Int32Array(deleted.length + after.length + history.length);
  text.set(deleted);
  text.set(after, deleted.length);
  text.set(history, deleted.length + after.length);
  return text;
}
