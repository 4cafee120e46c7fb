/** Turns a snapshot into the growing text that is shown. */
import { asOneText, neighbouringLines } from "../context/index.ts";
import type { Engine } from "../engine/index.ts";
import { type Place, placeAt, type Shaped, shape, TextStream } from "../postprocess/index.ts";
import {
  buildPrompt,
  type ContextFile,
  formatOf,
  type Prompt,
  type PromptFormat,
  type ReusablePrompt,
} from "../prompt/index.ts";
import type { FinishReason } from "../protocol/index.ts";
import type { Grammars } from "../syntax/index.ts";
import { type Snapshot, surroundings } from "../text/index.ts";
import { DecodeTrace } from "./decodeTrace.ts";
import { FirstLine } from "./firstLine.ts";
import { type GenerateOptions, generate, type Step } from "./generate.ts";
import { isWithheld, Reserve, type ReserveOptions } from "./reserve.ts";

export interface Completion {
  readonly text: string;
  /** Generated text that is not shown; empty if nothing is held back. */
  readonly withheld: string;
  /** Mean probability of the tokens of the first line, where that was asked for. */
  readonly confidence: number | undefined;
  readonly finishReason: FinishReason;
  /** What went wrong, when `finishReason` is `failed`. */
  readonly failure: string | undefined;
  /** Tokens the model decided, its end token included. */
  readonly tokens: number;
  /** Forward passes after the prefill. */
  readonly steps: number;
  /** Draft tokens verified, and how many of them were the model's own choice. */
  readonly drafted: number;
  readonly accepted: number;
  /** Estimated milliseconds of the steps by the cost model, and of the same tokens one by one. */
  readonly costs: { readonly stepsMs: number; readonly plainMs: number };
  readonly promptTokens: number;
  /** Prompt tokens that were found in the KV cache. */
  readonly reusedTokens: number;
  readonly trace: DecodeTrace;
  /** Milliseconds from the start; `firstText` and `firstLine` are undefined when there was no text. */
  readonly ms: {
    readonly prompt: number;
    readonly prefill: number;
    readonly firstText: number | undefined;
    readonly firstLine: number | undefined;
    readonly total: number;
  };
}

export interface CompleteOptions extends Omit<GenerateOptions, "wantsProbabilities"> {
  /** Most lines, blank ones not counted; 0 or absent: any number. */
  readonly maxLines?: number;
  /** Rules for holding back a text that was not requested explicitly; absent: nothing is held back. */
  readonly reserve?: ReserveOptions | undefined;
  /** Where the text ends by syntax; without it, or before a grammar is loaded, by indentation and brackets alone. */
  readonly grammars?: Grammars | undefined;
  /** By URI, the parts of documents' last prompts that the next ones reuse; read and written. */
  readonly prompts?: Map<string, ReusablePrompt> | undefined;
  /** Other files to put before the document, where the model's format has a place for them. */
  readonly context?: ContextSource | undefined;
  /** How a prompt is written; by default as the model's family was trained. */
  readonly format?: PromptFormat;
}

interface ContextSource {
  /** Name of the workspace. */
  readonly repository: string | undefined;
  around(snapshot: Snapshot): readonly ContextFile[];
}

/** Share of the context that is kept free for the generated text; a longer text ends when the context is full. */
const LARGEST_SHARE = 0.25;
/** Context kept free for a tree at the very end of a completion. */
const TREE_TOKENS = 16;
/** Longest that reading a whole prompt may take, unless that leaves fewer than `MIN_USEFUL_PROMPT_TOKENS`. */
const MAX_PREFILL_MS = 2_000;
/** Shorter prompts contain too little of a file, however much time they save. */
const MIN_USEFUL_PROMPT_TOKENS = 768;
/** Even in a tiny context a prompt has room for its control tokens and some text. */
const SMALLEST_PROMPT_TOKENS = 8;

/**
 * Completes at the snapshot's cursor. Yields the whole text so far each time it has grown; each value
 * extends the one before. Returns how it ended; expected ends, an abort included, are values.
 */
export async function* complete(
  engine: Engine,
  snapshot: Snapshot,
  options: CompleteOptions,
  signal: AbortSignal,
): AsyncGenerator<string, Completion> {
  const lines = surroundings(snapshot);
  // Brackets and strings end with a cell, but text of the next cells must not be generated again.
  const { linesAbove, nextLine } = neighbouringLines(snapshot);
  const around = { ...lines, linesAbove, nextLine: lines.nextLine || nextLine };
  const { place, dispose } = placeAt(snapshot, around, options.grammars);
  try {
    return yield* completeAt(place, engine, snapshot, options, signal);
  } finally {
    dispose();
  }
}

async function* completeAt(
  place: Place,
  engine: Engine,
  snapshot: Snapshot,
  options: CompleteOptions,
  signal: AbortSignal,
): AsyncGenerator<string, Completion> {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const { vocabulary } = engine;
  const { format = formatOf(vocabulary, engine.info) } = options;
  const prompt = promptAt(engine, snapshot, format, options);
  const growing = new GeneratedText(place, vocabulary, options);
  const trace = new DecodeTrace();
  const count = {
    tokens: 0,
    steps: 0,
    drafted: 0,
    accepted: 0,
    costs: { stepsMs: 0, plainMs: 0 },
    promptTokens: prompt.tokens.length,
    reusedTokens: 0,
  };
  const ms: Times = { prompt: elapsed(), prefill: 0, firstText: undefined, firstLine: undefined, total: 0 };
  /** Whether the model has gone on to another file. */
  let leftMiddle = false;
  const finish = (finishReason: FinishReason, failure?: string): Completion => {
    ms.total = elapsed();
    if (growing.text !== "") ms.firstLine ??= ms.total;
    return { ...growing.result(finishReason), finishReason, failure, ...count, trace, ms };
  };

  const wantsProbabilities = () => growing.wantsProbabilities;
  const steps = generate(engine, prompt, { ...options, wantsProbabilities, trace }, signal);
  let shown = 0;
  for (;;) {
    const { value, done } = await steps.next();
    const ended = done && value.kind === "endOfText";
    if (!done && value.kind === "prefilled") {
      ms.prefill = elapsed();
      count.reusedTokens = value.reused;
      continue;
    }
    if (!done && value.kind === "step") {
      addStep(count, value, engine);
      const end = value.tokens.findIndex(token => format.ends.includes(token));
      leftMiddle = end >= 0;
      growing.push(leftMiddle ? value.tokens.slice(0, end) : value.tokens, value.probabilities);
    }
    if (ended || leftMiddle) growing.end();
    const { shaped, firstLine } = growing;
    if (firstLine.isWhole) ms.firstLine ??= elapsed();
    const isOver =
      shaped.stopped !== undefined || leftMiddle || (done === true && FINAL_ENDS.includes(value.kind));
    const verdict = growing.verdict(isOver);
    if (verdict === "shown" && growing.text.length > shown) {
      shown = growing.text.length;
      ms.firstText ??= elapsed();
      yield growing.text;
    }
    if (isWithheld(verdict)) return finish(verdict);
    if (shaped.stopped) return finish(shaped.stopped);
    if (leftMiddle) return finish("endOfText");
    if (done) return finish(value.kind, value.kind === "failed" ? value.message : undefined);
  }
}

/** Adds up the tokens and costs of one step. */
function addStep(
  count: {
    tokens: number;
    steps: number;
    drafted: number;
    accepted: number;
    costs: { stepsMs: number; plainMs: number };
  },
  { tokens, drafted, accepted, slowdownMs }: Step,
  engine: Pick<Engine, "cost">,
): void {
  count.steps++;
  count.tokens += tokens.length;
  count.drafted += drafted;
  count.accepted += accepted;
  count.costs.stepsMs += engine.cost(1 + drafted) + slowdownMs;
  count.costs.plainMs += tokens.length * engine.cost(1);
}

type Times = { -readonly [K in keyof Completion["ms"]]: Completion["ms"][K] };

/**
 * Ends of the decoding after which a text is judged as complete, since it will not grow. Unlike `CACHED_ENDS`, these include a
 * full context, and leave out the ends that the shape of the text decides.
 */
const FINAL_ENDS: readonly string[] = ["endOfText", "maxTokens", "contextFull"];

/** The text of a completion, from the tokens of the model to what is shown. It only grows. */
class GeneratedText {
  shaped: Shaped = { text: "" };
  readonly firstLine = new FirstLine();
  private raw = "";
  private readonly bytes = new TextStream();
  private readonly reserve: Reserve;

  constructor(
    private readonly place: Place,
    private readonly vocabulary: Engine["vocabulary"],
    private readonly options: Pick<CompleteOptions, "maxLines" | "reserve">,
  ) {
    this.reserve = new Reserve(place, options.reserve);
  }

  /** The text so far; empty as long as it is blank, which nobody would see. */
  get text(): string {
    const { text } = this.shaped;
    return text.trim() === "" ? "" : text;
  }

  get wantsProbabilities(): boolean {
    return this.reserve.asksForConfidence && !this.firstLine.isWhole;
  }

  /**
   * Shapes the text after each token, however many a step has decided: where a text ends may depend on how far it
   * has been generated, and must not depend on drafts.
   */
  push(tokens: readonly number[], probabilities: readonly number[] | undefined): void {
    for (const [i, token] of tokens.entries()) {
      const added = this.bytes.push(this.vocabulary.bytes(token));
      this.raw += added;
      this.firstLine.push(added, probabilities?.[i]);
      this.shaped = shape(this.raw, this.place, false, this.options.maxLines);
      if (this.shaped.stopped) return;
    }
  }

  /** The model has ended its text. */
  end(): void {
    if (!this.shaped.stopped) this.shaped = shape(this.raw, this.place, true, this.options.maxLines);
  }

  /** Whether the text is shown. @param isOver whether it will not grow */
  verdict(isOver: boolean): ReturnType<Reserve["verdict"]> {
    return this.reserve.verdict(this.text, this.firstLine, isOver);
  }

  /** The result, at its end. */
  result(finishReason: FinishReason): Pick<Completion, "text" | "withheld" | "confidence"> {
    const { text } = this;
    const { confidence } = this.firstLine;
    const isShown = this.verdict(false) === "shown" && !isWithheld(finishReason);
    return { text: isShown ? text : "", withheld: isShown ? "" : text, confidence };
  }
}

/** Has the models compute the prompt of a place and nothing after it: a completion there then begins at once. */
export async function prefillPrompt(
  engine: Engine,
  snapshot: Snapshot,
  options: CompleteOptions,
  signal: AbortSignal,
): Promise<void> {
  const format = formatOf(engine.vocabulary, engine.info);
  const { tokens } = promptAt(engine, snapshot, format, options);
  await engine.prefill(tokens.subarray(0, -1), signal);
  if (options.draftModel?.mayPayFor(engine)) await options.draftModel.read(tokens, signal);
}

/** The prompt in the model's format; the parts that the document's next prompt reuses are kept. */
export function promptAt(
  { vocabulary, info, prefillMsPerToken }: Engine,
  snapshot: Snapshot,
  format: PromptFormat,
  { maxTokens, prompts, context }: CompleteOptions,
): Prompt {
  // The same with and without drafts: the prompt must not depend on them.
  const reserved = Math.min(maxTokens, info.contextTokens * LARGEST_SHARE) + TREE_TOKENS;
  const room = Math.max(SMALLEST_PROMPT_TOKENS, Math.floor(info.contextTokens - reserved));
  const budget = Math.min(room, affordablePromptTokens(info.backend, prefillMsPerToken));
  const whole = asOneText(snapshot);
  const prompt = buildPrompt(whole, vocabulary, budget, {
    format,
    previous: prompts?.get(snapshot.uri),
    repository: context?.repository,
    files: format.files && context?.around(whole),
  });
  prompts?.set(snapshot.uri, prompt.parts);
  return prompt;
}

/**
 * Tokens of the longest prompt that this machine reads soon enough. It changes only when the engine is tuned; until then a
 * processor is assumed to be slow, since nobody waits ten seconds for a first completion.
 */
function affordablePromptTokens(backend: string, prefillMsPerToken: number | undefined): number {
  if (prefillMsPerToken === undefined)
    return backend === "cpu" ? MIN_USEFUL_PROMPT_TOKENS : Number.POSITIVE_INFINITY;
  return Math.max(MIN_USEFUL_PROMPT_TOKENS, Math.floor(MAX_PREFILL_MS / prefillMsPerToken));
}
