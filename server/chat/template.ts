/**
 * Renders conversations with the model's own template. Control tokens that the template writes are control tokens; messages are
 * plain text, even if they contain the text of one. Only answers keep the tokens that the tokenizer finds in any text, because
 * the model generated them as such: templates look for `</think>` to leave out the reasoning of earlier answers.
 */
import type { ChatFormat, EngineInfo, Vocabulary } from "../engine/index.ts";
import { messageOf, renderScript } from "../system/index.ts";
import type { Message } from "./message.ts";
import { Renderer } from "./renderer.ts";

/**
 * Splits the text of a control token within a message, so that the rendered text does not contain it either. A
 * noncharacter of Unicode, which no text contains: it is removed from messages first, and from the rendered text at the end.
 */
const PART = "\ufdd0";

type ChatVocabulary = Pick<Vocabulary, "controlTokens" | "userDefined" | "tokenize" | "special">;

/** Renders a conversation, up to where the next answer begins. */
type Render = (messages: readonly Message[]) => Promise<string>;

const QUESTION: Message = { role: "user", content: "?" };

interface NoTemplate {
  readonly problem: { readonly message: string; readonly remedy: string };
}

/** The template of a loaded model, or why it cannot be used for conversations. */
export async function openTemplate(
  info: Pick<EngineInfo, "chat" | "modelName" | "modelPath">,
  vocabulary: ChatVocabulary,
): Promise<ChatTemplate | NoTemplate> {
  const remedy =
    "Name a model that was trained for conversations, such as an -instruct or -chat one, with --model.";
  if (!info.chat)
    return {
      problem: { message: `${info.modelName} (${info.modelPath}) has no chat template.`, remedy },
    };
  try {
    return await ChatTemplate.open(info.chat, vocabulary);
  } catch (error) {
    return {
      problem: {
        message: `The chat template of ${info.modelName} cannot be used: ${messageOf(error)}.`,
        remedy,
      },
    };
  }
}

export class ChatTemplate {
  /** Matches control tokens, the longest first. */
  private readonly marker: RegExp | undefined;
  /** Texts in the template of tokens that the tokenizer finds in any text. */
  private readonly written: readonly string[];
  /** Matches both kinds. */
  private readonly reserved: RegExp | undefined;

  /** @param takesSystem whether the template accepts a system message; if not, it is put before the first turn */
  private constructor(
    { template }: ChatFormat,
    private readonly vocabulary: ChatVocabulary,
    private readonly render: Render,
    private readonly takesSystem: boolean,
  ) {
    const control = [...vocabulary.controlTokens.keys()];
    this.written = vocabulary.userDefined.filter(text => text.trim() !== "" && template.includes(text));
    this.marker = anyOf(control);
    this.reserved = anyOf([...control, ...this.written]);
  }

  /** Rejects if the template is not valid Jinja, or refuses a plain question. */
  static async open(format: ChatFormat, vocabulary: ChatVocabulary): Promise<ChatTemplate> {
    // Jinja reads every line end as a line feed.
    const renderer = new Renderer(renderScript(), format.template.replace(/\r\n?/g, "\n"));
    const render: Render = messages =>
      renderer.render({
        messages,
        add_generation_prompt: true,
        bos_token: format.beginning,
        eos_token: format.end,
      });
    await render([QUESTION]);
    return new ChatTemplate(format, vocabulary, render, await acceptsSystem(render));
  }

  /** The prompt whose continuation is the next answer. @param messages the last is the user's */
  async tokens(messages: readonly Message[]): Promise<Int32Array> {
    const said = messages.map(({ role, content }) => {
      const reserved = role === "assistant" ? this.marker : this.reserved;
      return { role, content: asText(content, reserved) };
    });
    const rendered = await this.render(this.takesSystem ? said : withoutSystem(said));
    const tokens: number[] = [];
    let at = 0;
    const addText = (text: string) => {
      const whole = text.replaceAll(PART, "");
      // The split parts of such a token would form the token again in one text.
      const parts = this.written.some(each => whole.includes(each)) ? text.split(PART) : [whole];
      for (const part of parts) for (const token of this.vocabulary.tokenize(part)) tokens.push(token);
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
}

/** Whether a system message is rendered: some templates refuse it, others ignore it. */
async function acceptsSystem(render: Render): Promise<boolean> {
  const content = "a system message";
  try {
    return (await render([{ role: "system", content }, QUESTION])).includes(content);
  } catch {
    return false;
  }
}

/** A message in which no reserved token's text is in one piece, overlapping ones included. */
function asText(content: string, reserved: RegExp | undefined): string {
  const plain = content.replaceAll(PART, "");
  if (!reserved) return plain;
  const begins = new RegExp(`(?=${reserved.source})[^]`, "gu");
  return plain.replace(begins, first => first + PART);
}

/** Finds any of these texts, the longest first; undefined if none has more than one character. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  const long = texts.filter(text => text.length > 1).sort((a, b) => b.length - a.length);
  return long.length > 0 ? new RegExp(long.map(escaped).join("|"), "g") : undefined;
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

function withoutSystem(messages: readonly Message[]): Message[] {
  const [first, second, ...others] = messages;
  if (first?.role !== "system" || !second) return [...messages];
  return [{ ...second, content: `${first.content}\n\n${second.content}` }, ...others];
}
