/**
 * Suites of conversations. `mt-bench` asks the questions of MT-Bench (Zheng et al., arXiv 2306.05685), of two turns each:
 * the answer to the first is decoded without drafts before anything is timed, so that all methods have the same second
 * prompt. `chat` replays conversations: the recorded answer replaces the model's choice.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ChatTemplate, type Message, openTemplate } from "../../server/chat/index.ts";
import { generate } from "../../server/completion/index.ts";
import type { Engine } from "../../server/engine/index.ts";
import { drain, messageOf, UsageError } from "../../server/system/index.ts";
import { type ConversationSuite, type Item, type SuiteSources, sample } from "./suites.ts";

export interface Conversation {
  readonly id: string;
  /** Turns of the user, and of the assistant if its answers are recorded. */
  readonly messages: readonly Message[];
}

const QUESTIONS = "question.jsonl";

/** The conversations of a suite. Throws a `UsageError` without them. */
export function suiteConversations(suite: ConversationSuite, sources: SuiteSources): Conversation[] {
  const { problems, corpus } = sources;
  if (suite === "chat") {
    if (corpus === undefined)
      throw new UsageError("The suite chat needs --corpus FILE with conversations, as JSON or JSON lines.");
    return readRecords(corpus, recordedConversation);
  }
  if (problems === undefined)
    throw new UsageError(
      `The suite mt-bench needs --problems FOLDER with ${QUESTIONS} (of FastChat's llm_judge).`,
    );
  return readRecords(join(problems, QUESTIONS), question);
}

type Json = Readonly<Record<string, unknown>>;

function readRecords(path: string, read: (item: Json, index: number) => Conversation | undefined) {
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`);
  let items: Json[];
  try {
    items = parseRecords(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}.`);
  }
  const conversations = items.flatMap((item, index) => read(item, index) ?? []);
  if (conversations.length === 0) throw new UsageError(`${path} has no conversations.`);
  return conversations;
}

/** The objects of an array, or of lines. */
function parseRecords(text: string): Json[] {
  if (text.trimStart().startsWith("[")) return JSON.parse(text);
  return text
    .split("\n")
    .filter(line => line.trim() !== "")
    .map(line => JSON.parse(line));
}

const isText = (value: unknown): value is string => typeof value === "string";

/** A question of MT-Bench as it is published. */
function question({ question_id: id, category, turns }: Json): Conversation | undefined {
  if (!Array.isArray(turns) || turns.length === 0 || !turns.every(isText)) return undefined;
  return { id: `${category} ${id}`, messages: turns.map(content => ({ role: "user", content })) };
}

const ROLES: Readonly<Record<string, Message["role"]>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  chatgpt: "assistant",
  bing: "assistant",
  bard: "assistant",
};

/** A conversation of ShareGPT, in OpenAI's form, or of UltraChat with alternating turns; undefined for anything else. */
export function recordedConversation(item: Json, index: number): Conversation | undefined {
  const id = String(item.id ?? item.prompt_id ?? index);
  if (Array.isArray(item.data) && item.data.every(isText)) {
    const messages = item.data.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
    return { id, messages: messages as Message[] };
  }
  const turns = item.conversations ?? item.messages ?? item.conversation;
  if (!Array.isArray(turns)) return undefined;
  const messages: Message[] = [];
  for (const turn of turns as Json[]) {
    const role = ROLES[String(turn.role ?? turn.from)];
    const content = turn.content ?? turn.value;
    if (!role || !isText(content)) return undefined;
    messages.push({ role, content });
  }
  return { id, messages };
}

export interface ItemBounds {
  /** Most items, 0 for all. */
  readonly items: number;
  readonly maxTokens: number;
  /** Most tokens of a prompt: a conversation ends when it gets longer. */
  readonly promptTokens: number;
}

/** The turns of conversations as items for a model, which must have a chat template. */
export async function conversationItems(
  engine: Engine,
  conversations: readonly Conversation[],
  bounds: ItemBounds,
  signal: AbortSignal,
): Promise<Item[]> {
  const template = await openTemplate(engine.info, engine.vocabulary);
  if ("problem" in template)
    throw new UsageError(`${template.problem.message} ${template.problem.remedy}`, 2);
  const { items: most } = bounds;
  const items: Item[] = [];
  // Each usually has two turns or more.
  for (const conversation of sample(conversations, Math.ceil(most / 2)))
    if (most === 0 || items.length < most)
      items.push(...(await itemsOf(engine, template, conversation, bounds, signal)));
  if (items.length === 0) throw new UsageError("No turn fits: raise --prompt-tokens.");
  return most === 0 ? items : items.slice(0, most);
}

async function itemsOf(
  engine: Engine,
  template: ChatTemplate,
  { id, messages }: Conversation,
  { maxTokens, promptTokens }: ItemBounds,
  signal: AbortSignal,
): Promise<Item[]> {
  const items: Item[] = [];
  const said: Message[] = [];
  for (const [index, message] of messages.entries()) {
    said.push(message);
    if (message.role !== "user") continue;
    const tokens = await template.tokens(said);
    if (tokens.length > promptTokens) break;
    const next = messages[index + 1];
    const recorded = next?.role === "assistant" ? next.content : undefined;
    const script =
      recorded === undefined ? undefined : engine.vocabulary.tokenize(recorded.trim()).subarray(0, maxTokens);
    const item: Item = {
      id: `${id} turn ${items.length + 1}`,
      uri: id,
      prompt: { tokens, history: tokens, after: new Int32Array(0) },
      maxTokens: script?.length ?? maxTokens,
      script,
    };
    if (item.maxTokens > 0) items.push(item);
    if (next?.role === "user")
      said.push({ role: "assistant", content: await plainAnswer(engine, item, signal) });
  }
  return items;
}

/** The model's answer without drafts. */
async function plainAnswer(
  engine: Engine,
  { prompt, maxTokens }: Item,
  signal: AbortSignal,
): Promise<string> {
  const bytes: Uint8Array[] = [];
  const steps = generate(engine, prompt, { maxTokens, treeNodes: 1 }, signal);
  await drain(steps, progress => {
    if (progress.kind !== "step") return;
    for (const token of progress.tokens) bytes.push(engine.vocabulary.bytes(token));
  });
  return Buffer.concat(bytes).toString("utf8");
}
