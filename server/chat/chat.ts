/** A conversation with a model: its turns, as many as its context holds, and the answer to the last, drafted and verified. */
import { type End, generate } from "../completion/index.ts";
import type { CorpusSource, DraftMemory, DraftModel, SamplingOptions } from "../draft/index.ts";
import { type Engine, type EngineInfo, NO_MIDDLE_NOTE } from "../engine/index.ts";
import { TextStream } from "../postprocess/index.ts";
import type { ChatTemplate, Message } from "./template.ts";

/** What the user should know of a model to talk with, in sentences: nothing is filled in within a conversation. */
export const notesOnChatting = ({ notes }: Pick<EngineInfo, "notes">) =>
  notes.filter(each => each !== NO_MIDDLE_NOTE);

export interface ChatOptions {
  /** Most tokens of one answer. */
  readonly maxTokens: number;
  /** Largest draft tree, root included; 1 decodes plainly. */
  readonly treeNodes: number;
  readonly memory: DraftMemory;
  /** Stores to draft from. */
  readonly corpora: readonly CorpusSource[];
  /** A smaller model that drafts too. */
  readonly draftModel?: DraftModel | undefined;
  /** How tokens are drawn; each answer has a seed of its own, counted on from this one. */
  readonly sampling?: SamplingOptions | undefined;
  /** What the model is told before the first turn. */
  readonly system?: string | undefined;
}

export interface Answer {
  /** Why it ended; `tooLong`: the question alone does not fit into the context. */
  readonly finishReason: End["kind"] | "tooLong";
  /** What went wrong, when it `failed`. */
  readonly failure?: string | undefined;
  /** Turns the model is no longer shown from this answer on. */
  readonly dropped: number;
  readonly promptTokens: number;
  /** Prompt tokens that were found in the KV cache. */
  readonly reusedTokens: number;
  /** Tokens the model decided, and the forward passes that took. */
  readonly tokens: number;
  readonly steps: number;
  /** Draft tokens verified, and how many of them were the model's own choice. */
  readonly drafted: number;
  readonly accepted: number;
  /** Milliseconds until the prompt was read, and of the whole answer. */
  readonly ms: { readonly prefill: number; readonly total: number };
}

/** Most of the context that is kept free for an answer, and what a tree takes at its end. */
const ANSWER_SHARE = 0.25;
const TREE_TOKENS = 16;
/** How full the prompt's part is after turns were dropped: the turns after need not drop again each time. */
const KEPT_SHARE = 0.75;
/** Tokens of an answer that later conversations are drafted from, with a few before it. */
const REMEMBERED_BEFORE = 8;

export class Chat {
  private turns: Message[] = [];
  /** Turns that the model is no longer shown. */
  private hidden = 0;
  private answers = 0;

  constructor(
    private readonly engine: Engine,
    private readonly template: ChatTemplate,
    private readonly options: ChatOptions,
  ) {}

  /** All that was said, turns the model is no longer shown included. */
  get messages(): readonly Message[] {
    return [...this.systemMessage(), ...this.turns];
  }

  /** Begins anew; what was said before serves drafts still. */
  reset(): void {
    this.turns = [];
    this.hidden = 0;
  }

  /**
   * Answers a turn of the user. Yields the text piece by piece. What was said until an abort stays in the
   * conversation; a turn that could not be answered does not.
   */
  async *answer(content: string, signal: AbortSignal): AsyncGenerator<string, Answer> {
    const start = performance.now();
    const elapsed = () => performance.now() - start;
    this.turns.push({ role: "user", content });
    const { prompt, dropped, fits } = this.fit();
    const count = {
      promptTokens: prompt.length,
      reusedTokens: 0,
      tokens: 0,
      steps: 0,
      drafted: 0,
      accepted: 0,
    };
    const ms = { prefill: 0, total: 0 };
    const finish = (finishReason: Answer["finishReason"], failure?: string): Answer => {
      ms.total = elapsed();
      return { finishReason, failure, dropped, ...count, ms };
    };
    if (!fits) {
      this.turns.pop();
      return finish("tooLong");
    }
    const said = new Said(this.engine.vocabulary);
    const steps = generate(this.engine, this.place(prompt), this.generation(), signal);
    for (;;) {
      const { value, done } = await steps.next();
      if (done) {
        this.keep(said, prompt, value.kind === "aborted" || value.kind === "failed");
        await this.settle(prompt, said, signal);
        return finish(value.kind, value.kind === "failed" ? value.message : undefined);
      }
      if (value.kind === "prefilled") {
        ms.prefill = elapsed();
        count.reusedTokens = value.reused;
        continue;
      }
      count.steps++;
      count.tokens += value.tokens.length;
      count.drafted += value.drafted;
      count.accepted += value.accepted;
      const grown = said.push(value.tokens);
      if (grown !== "") yield grown;
    }
  }

  private generation() {
    const { sampling, ...options } = this.options;
    const seed = (sampling?.seed ?? 0) + this.answers++;
    return { ...options, ...(sampling && { sampling: { ...sampling, seed } }) };
  }

  private readonly place = (tokens: Int32Array) => ({ tokens, history: tokens, after: new Int32Array(0) });

  private systemMessage(): Message[] {
    const { system } = this.options;
    return system ? [{ role: "system", content: system }] : [];
  }

  /** The prompt of the turns that fit. Hides the oldest, question and answer together, where not all do. */
  private fit(): { prompt: Int32Array; dropped: number; fits: boolean } {
    const { contextTokens } = this.engine.info;
    const room = contextTokens - Math.min(this.options.maxTokens, contextTokens * ANSWER_SHARE) - TREE_TOKENS;
    const from = (hidden: number) =>
      this.template.tokens([...this.systemMessage(), ...this.turns.slice(hidden)]);
    let prompt = from(this.hidden);
    if (prompt.length <= room) return { prompt, dropped: 0, fits: true };
    let hidden = this.hidden;
    while (hidden + 2 < this.turns.length && prompt.length > room * KEPT_SHARE) {
      hidden += 2;
      prompt = from(hidden);
    }
    const fits = prompt.length <= room;
    const dropped = fits ? hidden - this.hidden : 0;
    if (fits) this.hidden = hidden;
    return { prompt, dropped, fits };
  }

  /** Keeps what was said in the conversation, and for drafts. */
  private keep(said: Said, prompt: Int32Array, isCutShort: boolean): void {
    if (said.tokens.length === 0 && isCutShort) {
      this.turns.pop();
      return;
    }
    this.turns.push({ role: "assistant", content: said.text });
    const before = prompt.subarray(Math.max(0, prompt.length - REMEMBERED_BEFORE));
    this.options.memory.accepted.add(Int32Array.from([...before, ...said.tokens]));
  }

  /**
   * Computes tokens that a tree has left for the next decode, of which there are at most as many as equal single
   * ones bit for bit: the cache is then what it is without drafts, and so is the next answer.
   */
  private async settle(prompt: Int32Array, said: Said, signal: AbortSignal): Promise<void> {
    if (said.tokens.length === 0 || signal.aborted) return;
    await this.engine.prefill(Int32Array.from([...prompt, ...said.tokens.slice(0, -1)]), signal);
  }
}

/** The tokens of an answer and their text, without the token that ends it. */
class Said {
  readonly tokens: number[] = [];
  text = "";
  private readonly bytes = new TextStream();

  constructor(private readonly vocabulary: Engine["vocabulary"]) {}

  /** The text that the tokens complete. */
  push(tokens: readonly number[]): string {
    let grown = "";
    for (const token of tokens) {
      this.tokens.push(token);
      if (!this.vocabulary.endsText(token)) grown += this.bytes.push(this.vocabulary.bytes(token));
    }
    this.text += grown;
    return grown;
  }
}
