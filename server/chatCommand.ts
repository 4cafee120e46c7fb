/** `foretoken chat`: a conversation in the terminal. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Chat, openTemplate, type Terminal, talk } from "./chat/index.ts";
import {
  backendOf,
  loadForCommand,
  note,
  openDatastore,
  pathOfModel,
  prepareDrafting,
  SAMPLING_FLAGS,
  samplingOf,
} from "./commandLine.ts";
import { DraftMemory } from "./draft/index.ts";
import { disposeModel } from "./model/index.ts";
import { UsageError, whole } from "./system/index.ts";

/** Most tokens of an answer: about a page. */
const ANSWER_TOKENS = 1024;

export async function chatCommand(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      "draft-model": { type: "string" },
      backend: { type: "string" },
      datastore: { type: "string" },
      system: { type: "string" },
      "max-tokens": { type: "string" },
      "no-drafts": { type: "boolean" },
      ...SAMPLING_FLAGS,
    },
  });
  const maxTokens = whole(values, "max-tokens", ANSWER_TOKENS, 1);
  const sampling = samplingOf(values);
  const backend = backendOf(values.backend);
  // Cells that are moved were computed after another text: answers would depend on what was dropped when.
  const loaded = await loadForCommand(pathOfModel(values.model), backend, { reuse: "exact" });
  const { engine } = loaded;
  const { info, vocabulary } = engine;
  try {
    const template = openTemplate(info, vocabulary);
    if ("problem" in template)
      throw new UsageError(`${template.problem.message} ${template.problem.remedy}`, 2);
    // Of the model's notes, those on filling in are none on a conversation.
    if (backend !== "auto" && info.backend !== backend)
      note(`No graphics device for ${backend} was found: the model runs on the CPU.`);
    const opened = openDatastore(values.datastore, engine);
    const named = values["no-drafts"] ? undefined : values["draft-model"];
    const draftModel = await prepareDrafting(loaded, named, backend, new AbortController().signal);
    const memory = new DraftMemory(vocabulary);
    const chat = new Chat(engine, template, {
      maxTokens,
      treeNodes: values["no-drafts"] ? 1 : info.maxTreeNodes,
      memory,
      corpora: opened?.sources ?? [],
      draftModel,
      system: values.system,
      ...sampling,
    });
    const { terminal, close } = openTerminal();
    try {
      await talk(chat, terminal, () => memory.statistics.figures());
    } finally {
      close();
      opened?.store.close();
    }
  } finally {
    await disposeModel(loaded);
  }
}

/** Standard input and output: with a line to edit where they are a terminal. */
function openTerminal(): { readonly terminal: Terminal; readonly close: () => void } {
  const { stdin: input, stdout: output, stderr } = process;
  const isTerminal = Boolean(input.isTTY && output.isTTY);
  const lines = createInterface({ input, output: isTerminal ? output : undefined, terminal: isTerminal });
  let stop: (() => void) | undefined;
  let hasEnded = false;
  const interrupt = () => {
    if (!stop) {
      hasEnded = true;
      lines.close();
    }
    stop?.();
    stop = undefined;
  };
  /** Lines that were read ahead are not asked after the end. */
  async function* untilEnded() {
    for await (const line of lines) {
      if (hasEnded) return;
      yield line;
    }
  }
  // A terminal that edits lines gives the key, any other the signal.
  if (isTerminal) lines.on("SIGINT", interrupt);
  process.on("SIGINT", interrupt);
  const terminal: Terminal = {
    lines: untilEnded(),
    write: text => output.write(text),
    note: text => stderr.write(`${text}\n`),
    prompt() {
      if (isTerminal) lines.prompt();
    },
    interrupted(call) {
      stop = call;
    },
  };
  return {
    terminal,
    close() {
      lines.close();
      process.off("SIGINT", interrupt);
    },
  };
}
