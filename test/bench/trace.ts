/**
 * A fixed trace for published methods: a prompt, a text that is then generated, and a model that is a function of its last
 * two tokens, all in whole numbers, so that an original can be run on the same data in its own language. The drafts of a
 * method can be compared tree by tree; `presets/README.md` gives the results.
 *
 * The text has every token once, then recurring phrases with some tokens changed. After the text so far the model generates
 * its next token, and then its usual ones: ten different tokens, the hashes of the last two and a counter.
 */
import { type DraftTree, randomNumbers, type VerifiedTree, verify } from "../../server/draft/index.ts";
import type { Preset } from "./presets/preset.ts";
import { PREDICTED, type PromptPredictions } from "./presets/promptPredictions.ts";

export const TRACE_VOCABULARY = 300;
const SEED = 20_26;
const PHRASES = 40;
const CHANGED = 0.05;
const PROMPT = 900;
const SAID = 400;

export interface Trace {
  readonly prompt: Int32Array;
  readonly said: Int32Array;
}

export function makeTrace(): Trace {
  const random = randomNumbers(SEED);
  const below = (count: number) => Math.floor(count * random());
  const token = () => Math.floor(TRACE_VOCABULARY * random() ** 2);
  const phrases = Array.from({ length: PHRASES }, () => Array.from({ length: 4 + below(13) }, token));
  // Each token occurs once, so that a method which learns from a prompt can know all of them.
  const text = Array.from({ length: TRACE_VOCABULARY }, (_, each) => each);
  while (text.length < PROMPT + SAID) {
    const phrase = phrases[Math.floor(PHRASES * random() ** 2)] ?? [];
    for (const each of phrase) text.push(random() < CHANGED ? token() : each);
  }
  return {
    prompt: Int32Array.from(text.slice(0, PROMPT)),
    said: Int32Array.from(text.slice(PROMPT, PROMPT + SAID)),
  };
}

/** FNV-1a over whole numbers. */
function hash(numbers: readonly number[]): number {
  let value = 2_166_136_261;
  for (const number of numbers) value = Math.imul(value ^ number, 16_777_619) >>> 0;
  return (value ^ (value >>> 15)) >>> 0;
}

/** The most likely tokens after two tokens; `said` is the text's next token, if there is one, and comes first. */
export function likeliest(previous: number, token: number, said: number | undefined): number[] {
  const found = said === undefined ? [] : [said];
  for (let counter = 0; found.length < PREDICTED; counter++) {
    const next = hash([previous, token, counter]) % TRACE_VOCABULARY;
    if (!found.includes(next)) found.push(next);
  }
  return found;
}

/** The model's predictions at the prompt's tokens except the last, each from the two tokens that end there. */
export function promptPredictions({ prompt }: Trace): PromptPredictions {
  const tokens = prompt.subarray(0, -1);
  const ids = new Int32Array(PREDICTED * tokens.length);
  const logits = new Float32Array(PREDICTED * tokens.length);
  for (const [i, token] of tokens.entries()) {
    ids.set(likeliest(tokens[i - 1] ?? 0, token, undefined), PREDICTED * i);
    for (let rank = 0; rank < PREDICTED; rank++) logits[PREDICTED * i + rank] = -rank;
  }
  return { tokens, ids, logits };
}

export interface TraceStep {
  /** The tree, root included. */
  readonly tokens: readonly number[];
  readonly parents: readonly number[];
  /** Tokens that the step generated: the accepted ones and the next one. */
  readonly decided: readonly number[];
}

/** Runs a method over the trace. */
export function runTrace(preset: Preset, trace: Trace): TraceStep[] {
  const { prompt, said } = trace;
  const predictions = preset.readsPrompt ? promptPredictions(trace) : undefined;
  const details = { predictions, maxTokens: said.length };
  const drafter = preset.begin()(prompt, details);
  const steps: TraceStep[] = [];
  const text = [...prompt];
  for (let position = 0; position < said.length; ) {
    const tree = drafter.draft(text.at(-1) as number, preset.nodes, nodes => nodes);
    const { tokens, parents, count } = tree;
    const predicted = (node: number) => predictionAt(tree, node, text, said.subarray(position));
    const { path, next } = verify(tree, node => predicted(node)[0] as number);
    const top: VerifiedTree["top"] = (node, most, ids, logits) => {
      const found = predicted(node).slice(0, most);
      ids.set(found);
      logits.set(found.map((_, rank) => -rank));
      return found.length;
    };
    const decided = [...path.slice(1).map(node => tokens[node] as number), next];
    steps.push({
      tokens: [...tokens.subarray(0, count)],
      parents: [...parents.subarray(0, count)],
      decided: decided.slice(0, said.length - position),
    });
    drafter.observe?.({ tree, path, next, top });
    for (const token of decided) drafter.push(token);
    text.push(...decided);
    position += decided.length;
  }
  return steps;
}

/** @param rest the text still to be generated @param text the text up to the root */
function predictionAt(
  { tokens, parents }: DraftTree,
  node: number,
  text: readonly number[],
  rest: Int32Array,
): number[] {
  const path: number[] = [];
  for (let at = node; at > 0; at = parents[at] as number) path.unshift(tokens[at] as number);
  const isSaid = path.every((token, i) => token === rest[i]);
  const before = [...text.slice(-2), ...path];
  return likeliest(before.at(-2) ?? 0, before.at(-1) ?? 0, isSaid ? rest[path.length] : undefined);
}
