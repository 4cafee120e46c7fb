/** `foretoken chat`: a conversation in the terminal. */
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Chat, openTemplate, type Terminal, talk } from "./chat/index.ts";
import {
  loadDraftModel,
  loadForCommand,
  pathOfModel,
  SAMPLING_FLAGS,
  samplingOf,
  tuneOnce,
} from "./commandLine.ts";
import { openCorpus } from "./corpus/index.ts";
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
  // Cells that are moved were computed after another text: answers would depend on what was dropped when.
  const loaded = await loadForCommand(pathOfModel(values.model), values.backend, { reuse: "exact" });
  const { engine } = loaded;
  const { info, vocabulary } = engine;
  try {
    const template = openTemplate(info, vocabulary);
    if ("problem" in template)
      throw new UsageError(`${template.problem.message} ${template.problem.remedy}`, 2);
    await tuneOnce(loaded, new AbortController().signal);
    const draftModel = values["no-drafts"]
      ? undefined
      : await loadDraftModel(loaded, values["draft-model"], values.backend);
    const opened = values.datastore
      ? openCorpus(resolve(values.datastore), vocabulary.fingerprint)
      : undefined;
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
