/** `foretoken chat`: a conversation in the terminal. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Chat, notesOnChatting, openTemplate, type Terminal, talk } from "./chat/index.ts";
import {
  GENERATION_FLAGS,
  generationOf,
  loadForCommand,
  note,
  openDrafts,
  pathOfModel,
} from "./commandLine.ts";
import { disposeModel } from "./model/index.ts";
import { shownText, UsageError } from "./system/index.ts";

/** Default limit of tokens for an answer: about a page. */
const ANSWER_TOKENS = 1024;

export async function chatCommand(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      system: { type: "string" },
      ...GENERATION_FLAGS,
    },
  });
  const { sampling, maxTokens, backend } = generationOf(values, ANSWER_TOKENS);
  // Cells that are shifted were computed after another text: answers would depend on when turns were dropped.
  const loaded = await loadForCommand(pathOfModel(values.model), backend, { reuse: "exact" });
  const { engine } = loaded;
  const { info, vocabulary } = engine;
  try {
    const template = await openTemplate(info, vocabulary);
    if ("problem" in template)
      throw new UsageError(`${template.problem.message} ${template.problem.remedy}`, 2);
    for (const each of notesOnChatting(info)) note(each);
    const never = new AbortController().signal;
    const { drafting, close: closeStore } = await openDrafts(loaded, values, backend, never);
    const chat = new Chat(engine, template, {
      maxTokens,
      system: values.system,
      ...sampling,
      ...drafting,
    });
    const { terminal, close } = openTerminal();
    try {
      await talk(chat, terminal, () => drafting.memory.statistics.figures());
    } finally {
      close();
      closeStore();
    }
  } finally {
    await disposeModel(loaded);
  }
}

/** Standard input and output; if they are a terminal, the line can be edited. */
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
  /** Lines that were read ahead are not answered after the end. */
  async function* untilEnded() {
    for await (const line of lines) {
      if (hasEnded) return;
      yield line;
    }
  }
  // A terminal that edits lines delivers the key, any other the signal.
  if (isTerminal) lines.on("SIGINT", interrupt);
  process.on("SIGINT", interrupt);
  const terminal: Terminal = {
    lines: untilEnded(),
    write: text => output.write(shownText(text, output)),
    note: text => stderr.write(`${shownText(text, stderr)}\n`),
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
