/**
 * Conversations as the model's own template writes them. What the template itself writes may be control tokens;
 * what a person or the model has said is text, even where it spells one.
 */
import { Template } from "@huggingface/jinja";
import type { ChatFormat, EngineInfo, Vocabulary } from "../engine/index.ts";
import { messageOf } from "../system/index.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/**
 * Parts a control token's text in what is said, so that it is none in the rendered text either. A noncharacter of
 * Unicode, which no text means: it is taken out of what is said first, and out of the rendered text at the end.
 */
const PART = "\ufdd0";

type ChatVocabulary = Pick<Vocabulary, "controlTokens" | "tokenize" | "special">;

interface NoTemplate {
  readonly problem: { readonly message: string; readonly remedy: string };
}

/** The template of a loaded model, or why it cannot hold a conversation. */
export function openTemplate(
  info: Pick<EngineInfo, "chat" | "modelName" | "modelPath">,
  vocabulary: ChatVocabulary,
): ChatTemplate | NoTemplate {
  const remedy = "Name a model that was trained for conversations, an -instruct or -chat one, with --model.";
  if (!info.chat)
    return {
      problem: { message: `${info.modelName} (${info.modelPath}) has no template of conversations.`, remedy },
    };
  try {
    return new ChatTemplate(info.chat, vocabulary);
  } catch (error) {
    return {
      problem: {
        message: `The template of conversations of ${info.modelName} cannot be used: ${messageOf(error)}.`,
        remedy,
      },
    };
  }
}

export class ChatTemplate {
  private readonly template: Template;
  /** Control tokens wherever they begin, the longest first. */
  private readonly marker: RegExp | undefined;
  /** Whether the template has a place for a system message; where not, it goes before the first turn. */
  private readonly takesSystem: boolean;

  /** Throws where the template is no Jinja, or refuses a plain question. */
  constructor(
    private readonly format: ChatFormat,
    private readonly vocabulary: ChatVocabulary,
  ) {
    this.template = new Template(format.template);
    const texts = [...vocabulary.controlTokens.keys()].filter(text => text.length > 1);
    texts.sort((a, b) => b.length - a.length);
    this.marker = texts.length > 0 ? new RegExp(texts.map(escaped).join("|"), "g") : undefined;
    const question: Message = { role: "user", content: "?" };
    this.render([question], true);
    this.takesSystem = this.accepts([{ role: "system", content: "!" }, question]);
  }

  /** The prompt whose continuation is the next answer. @param messages the last is the user's */
  tokens(messages: readonly Message[]): Int32Array {
    const said = messages.map(({ role, content }) => ({ role, content: this.asText(content) }));
    const rendered = this.render(this.takesSystem ? said : withoutSystem(said), true);
    const tokens: number[] = [];
    let at = 0;
    const addText = (text: string) => {
      for (const token of this.vocabulary.tokenize(text.replaceAll(PART, ""))) tokens.push(token);
    };
    for (const { 0: text, index } of this.marker ? rendered.matchAll(this.marker) : []) {
      if (index > at) addText(rendered.slice(at, index));
      tokens.push(this.vocabulary.controlTokens.get(text) as number);
      at = index + text.length;
    }
    if (at < rendered.length) addText(rendered.slice(at));
    const { beginning } = this.vocabulary.special;
    if (beginning !== undefined && tokens[0] !== beginning) tokens.unshift(beginning);
    return Int32Array.from(tokens);
  }

  private accepts(messages: readonly Message[]): boolean {
    try {
      return this.render(messages, true).includes("!");
    } catch {
      return false;
    }
  }

  private render(messages: readonly Message[], asksForAnswer: boolean): string {
    return this.template.render({
      messages,
      add_generation_prompt: asksForAnswer,
      bos_token: this.format.beginning,
      eos_token: this.format.end,
    });
  }

  /** What is said, with no control token's text in one piece, overlapping ones included. */
  private asText(content: string): string {
    const plain = content.replaceAll(PART, "");
    if (!this.marker) return plain;
    const begins = new RegExp(`(?=${this.marker.source})[^]`, "gu");
    return plain.replace(begins, first => first + PART);
  }
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

function withoutSystem(messages: readonly Message[]): Message[] {
  const [first, second, ...others] = messages;
  if (first?.role !== "system" || !second) return [...messages];
  return [{ ...second, content: `${first.content}\n\n${second.content}` }, ...others];
}
