/** A conversation with a model: the turns that fit into its context, and the answer to the last, drafted and verified. */
import { type End, generate } from "../completion/index.ts";
import type { CorpusSource, DraftMemory, DraftModel, SamplingOptions } from "../draft/index.ts";
import { type Engine, type EngineInfo, NO_MIDDLE_NOTE } from "../engine/index.ts";
import { TextStream } from "../postprocess/index.ts";
import { messageOf } from "../system/index.ts";
import type { Message } from "./message.ts";
import type { ChatTemplate } from "./template.ts";

/** Notes about a model for its use in a conversation: fill-in-the-middle does not matter there. */
export const notesOnChatting = ({ notes }: Pick<EngineInfo, "notes">) =>
  notes.filter(each => each !== NO_MIDDLE_NOTE);

export interface ChatOptions {
  /** Limit of tokens for one answer. */
  readonly maxTokens: number;
  /** Largest draft tree, root included; 1 means no drafts. */
  readonly treeNodes: number;
  readonly memory: DraftMemory;
  /** Stores to draft from. */
  readonly corpora: readonly CorpusSource[];
  /** A draft model, as a further source. */
  readonly draftModel?: DraftModel | undefined;
  /** How tokens are drawn; each answer has its own seed, counted up from this one. */
  readonly sampling?: SamplingOptions | undefined;
  /** The system message, which the model reads before the first turn. */
  readonly system?: string | undefined;
}

export interface Answer {
  /** Why the answer ended; `tooLong`: the question alone does not fit into the context; `empty`: it ended at once. */
  readonly finishReason: End["kind"] | "tooLong" | "empty";
  /** What went wrong, if it `failed`. */
  readonly failure?: string | undefined;
  /** Turns that the model no longer sees from this answer on. */
  readonly dropped: number;
  readonly promptTokens: number;
  /** Prompt tokens that were found in the KV cache. */
  readonly reusedTokens: number;
  /** Tokens that the model generated, and the forward passes that took. */
  readonly tokens: number;
  readonly steps: number;
  /** Draft tokens that were verified, and how many of them were the model's own choice. */
  readonly drafted: number;
  readonly accepted: number;
  /** Milliseconds until the prompt was read, and in total. */
  readonly ms: { readonly prefill: number; readonly total: number };
}

/** Largest share of the context that is kept free for an answer, and the tokens for a tree at its end. */
const ANSWER_SHARE = 0.25;
const TREE_TOKENS = 16;
/** How full the prompt's part is after turns were dropped, so that the next turns need not drop again each time. */
const KEPT_SHARE = 0.75;
/** Tokens before an answer that are remembered with it for drafts of later conversations. */
const REMEMBERED_BEFORE = 8;

export class Chat {
  private turns: Message[] = [];
  /** Number of turns that the model no longer sees. */
  private hidden = 0;
  private answers = 0;

  constructor(
    private readonly engine: Engine,
    private readonly template: ChatTemplate,
    private readonly options: ChatOptions,
  ) {}

  /** All messages, including turns that the model no longer sees. */
  get messages(): readonly Message[] {
    return [...this.systemMessage(), ...this.turns];
  }

  /** Starts a new conversation; earlier messages are still used for drafts. */
  reset(): void {
    this.turns = [];
    this.hidden = 0;
  }

  /**
   * Answers a turn of the user. Yields the text piece by piece. The text of an aborted answer so far stays in the conversation;
   * a turn without an answer does not: templates refuse empty answers, and turns of the same role in succession.
   */
  async *answer(content: string, signal: AbortSignal): AsyncGenerator<string, Answer> {
    const start = performance.now();
    const elapsed = () => performance.now() - start;
    this.turns.push({ role: "user", content });
    const { prompt, dropped, fits, problem } = await this.fit();
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
      return problem === undefined ? finish("tooLong") : finish("failed", problem);
    }
    const said = new Said(this.engine.vocabulary);
    const steps = generate(this.engine, this.place(prompt), this.generation(), signal);
    for (;;) {
      const { value, done } = await steps.next();
      if (done) {
        this.keep(said, prompt);
        await this.settle(prompt, said, signal);
        const isEmpty = value.kind === "endOfText" && said.text === "";
        return finish(isEmpty ? "empty" : value.kind, value.kind === "failed" ? value.message : undefined);
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

  /** The prompt of the turns that fit. If not all do, hides the oldest, question and answer together. */
  private async fit(): Promise<Fitted> {
    try {
      return await this.fitted();
    } catch (error) {
      const problem = `its chat template cannot be used: ${messageOf(error)}.`;
      return { prompt: new Int32Array(0), dropped: 0, fits: false, problem };
    }
  }

  private async fitted(): Promise<Fitted> {
    const { contextTokens } = this.engine.info;
    const room = contextTokens - Math.min(this.options.maxTokens, contextTokens * ANSWER_SHARE) - TREE_TOKENS;
    const from = (hidden: number) =>
      this.template.tokens([...this.systemMessage(), ...this.turns.slice(hidden)]);
    let prompt = await from(this.hidden);
    if (prompt.length <= room) return { prompt, dropped: 0, fits: true };
    let hidden = this.hidden;
    while (hidden + 2 < this.turns.length && prompt.length > room * KEPT_SHARE) {
      hidden += 2;
      prompt = await from(hidden);
    }
    const fits = prompt.length <= room;
    const dropped = fits ? hidden - this.hidden : 0;
    if (fits) this.hidden = hidden;
    return { prompt, dropped, fits };
  }

  /** Adds the answer to the conversation, and to the memory of drafts. */
  private keep(said: Said, prompt: Int32Array): void {
    if (said.text === "") {
      this.turns.pop();
      return;
    }
    this.turns.push({ role: "assistant", content: said.text });
    const before = prompt.subarray(Math.max(0, prompt.length - REMEMBERED_BEFORE));
    this.options.memory.accepted.add(Int32Array.from([...before, ...said.tokens]));
  }

  /**
   * Computes the tokens of the last tree that are not in the cache yet; there are at most as many as can be decoded together
   * and still equal single decodes bit for bit. The cache, and so the next answer, is then the same as without drafts.
   */
  private async settle(prompt: Int32Array, said: Said, signal: AbortSignal): Promise<void> {
    if (said.tokens.length === 0 || signal.aborted) return;
    await this.engine.prefill(Int32Array.from([...prompt, ...said.tokens.slice(0, -1)]), signal);
  }
}

interface Fitted {
  readonly prompt: Int32Array;
  /** Turns that were left out of it. */
  readonly dropped: number;
  readonly fits: boolean;
  /** Why there is no prompt at all. */
  readonly problem?: string;
}

/** The tokens of an answer and their text, without the token that ends it. */
class Said {
  readonly tokens: number[] = [];
  text = "";
  private readonly bytes = new TextStream();

  constructor(private readonly vocabulary: Engine["vocabulary"]) {}

  /** The new text that the tokens complete. */
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
