/** A conversation in a terminal, or over a pipe: lines in, text out. */
import { writeFileSync } from "node:fs";
import { codeOf, counted, messageOf } from "../system/index.ts";
import type { Answer, Chat } from "./chat.ts";

/** The terminal or pipe that holds a conversation. */
export interface Terminal {
  /** The lines that the user types. */
  readonly lines: AsyncIterable<string>;
  /** Writes text of the model. */
  write(text: string): void;
  /** Writes a message of the program, in one line or several. */
  note(text: string): void;
  /** Asks for the next line. */
  prompt(): void;
  /** Sets what is called on Ctrl-C; undefined for nothing. */
  interrupted(call: (() => void) | undefined): void;
}

const HELP = `/reset      clears the conversation
/stats      shows how much drafts helped
/save FILE  writes the conversation as a line of JSON that "foretoken datastore build" reads
/help       shows this list
/quit       ends, as does the end of input
//...       a turn that begins with a slash
Ctrl-C stops an answer; when nothing is being answered, it ends.`;

/** Runs the conversation until the lines end or the user quits. `sources` gives the figures of each source of drafts. */
export async function talk(
  chat: Chat,
  terminal: Terminal,
  sources: () => readonly SourceLine[],
): Promise<void> {
  const totals = new Totals();
  let hasSaidDropped = false;
  terminal.prompt();
  for await (const line of terminal.lines) {
    const turn = line.trim();
    if (turn === "/quit") return;
    if (turn.startsWith("/") && !turn.startsWith("//")) terminal.note(command(turn, chat, totals, sources));
    else if (turn !== "") {
      const answer = await say(chat, turn.startsWith("//") ? turn.slice(1) : turn, terminal);
      totals.add(answer);
      if (answer.dropped > 0 && !hasSaidDropped) {
        hasSaidDropped = true;
        terminal.note("The conversation is longer than the model's context: its oldest turns are left out.");
      }
      const remark = REMARKS[answer.finishReason];
      if (remark) terminal.note(answer.failure ? `${remark} ${answer.failure}` : remark);
    }
    terminal.prompt();
  }
}

const REMARKS: Partial<Record<Answer["finishReason"], string>> = {
  aborted: "Stopped.",
  maxTokens: "The answer was cut at its token limit (--max-tokens).",
  contextFull: "The answer was cut: the context is full. /reset starts a new conversation.",
  outOfMemory: "There is not enough memory for the answer. /reset starts a new conversation.",
  tooLong: "This message is longer than the model's context: it was not sent.",
  empty: "The model ended its answer at once: this message is no longer part of the conversation.",
  failed: "The model could not answer:",
};

/** Sends a turn and shows the answer while it grows; Ctrl-C stops it. */
async function say(chat: Chat, turn: string, terminal: Terminal): Promise<Answer> {
  const stopped = new AbortController();
  terminal.interrupted(() => stopped.abort());
  const answer = chat.answer(turn, stopped.signal);
  for (;;) {
    const { value, done } = await answer.next();
    if (!done) terminal.write(value);
    else {
      terminal.write("\n");
      terminal.interrupted(undefined);
      return value;
    }
  }
}

function command(line: string, chat: Chat, totals: Totals, sources: () => readonly SourceLine[]): string {
  const [name, ...rest] = line.split(/\s+/);
  switch (name) {
    case "/help":
      return HELP;
    case "/reset":
      chat.reset();
      return "The conversation has been cleared.";
    case "/stats":
      return totals.describe(sources());
    case "/save":
      return save(rest.join(" "), chat);
    default:
      return `There is no ${name}. /help lists the commands.`;
  }
}

function save(file: string, chat: Chat): string {
  if (file === "") return "Name the file: /save FILE.";
  try {
    // Never overwrites an existing file.
    writeFileSync(file, `${JSON.stringify({ messages: chat.messages })}\n`, { flag: "wx", mode: 0o600 });
    return `Saved in ${file}.`;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return `${file} exists already: choose another name.`;
    return `${file} cannot be written: ${messageOf(error)}.`;
  }
}

interface SourceLine {
  readonly name: string;
  readonly proposed: number;
  readonly accepted: number;
}

/** Totals of all answers. */
class Totals {
  private readonly sum = { answers: 0, tokens: 0, steps: 0, drafted: 0, accepted: 0, ms: 0, prefillMs: 0 };

  add({ tokens, steps, drafted, accepted, ms }: Answer): void {
    const { sum } = this;
    sum.answers++;
    sum.tokens += tokens;
    sum.steps += steps;
    sum.drafted += drafted;
    sum.accepted += accepted;
    sum.ms += ms.total - ms.prefill;
    sum.prefillMs += ms.prefill;
  }

  describe(sources: readonly SourceLine[]): string {
    const { answers, tokens, steps, drafted, accepted, ms, prefillMs } = this.sum;
    const ratio = (a: number, b: number) => (b === 0 ? "0" : (a / b).toFixed(1));
    return [
      `${counted(answers, "answer")}, ${counted(tokens, "token")} in ${counted(steps, "decode")}: ${ratio(tokens, steps)} tokens per decode`,
      `${ratio(1000 * tokens, ms)} tokens per second, prefill ${(prefillMs / 1000).toFixed(1)} s`,
      `${counted(drafted, "token")} drafted, ${accepted} accepted`,
      ...sources.map(({ name, proposed, accepted }) => `  ${name}: ${accepted} of ${proposed}`),
    ].join("\n");
  }
}
