/** The usage of the commands, separately and all together. */
import { MODEL_USAGE } from "./catalogue/index.ts";

const SERVE = `  foretoken serve --stdio
      Runs the language server on standard input and output.
`;

const COMPLETE = `  foretoken complete FILE:LINE:COLUMN [--json] [--max-tokens N] [--no-drafts] [--model MODEL]
                     [--draft-model MODEL|auto] [--backend auto|cpu|cuda|vulkan|metal] [--datastore DIR]
                     [--temperature T [--seed N] [--top-k N] [--top-p P] [--min-p P]]
      Completes FILE at a position and streams the text. Lines and columns are counted from 1, columns in UTF-16
      units as in editors: an emoji is two. --json prints one object instead: text, finishReason, tokens,
      steps, drafted, accepted and milliseconds. Without a temperature the most likely token is taken each time;
      with one, tokens are sampled, the same ones for the same seed. --datastore drafts from a store as well,
      --draft-model with a smaller model of the same vocabulary; both change the speed but not the text.
`;

const CHAT = `  foretoken chat [--model MODEL] [--draft-model MODEL|auto] [--datastore DIR] [--system TEXT] [--max-tokens N]
                 [--no-drafts] [--backend auto|cpu|cuda|vulkan|metal]
                 [--temperature T [--seed N] [--top-k N] [--top-p P] [--min-p P]]
      A conversation in the terminal with a model that was trained for one; without a terminal, each line of
      standard input is a turn. Ctrl-C stops an answer; /help lists the commands. Drafts come from the
      conversation, --datastore, --draft-model and the model's own guesses, and do not change what is said.
`;

export const USAGE = `Usage:
${SERVE}${COMPLETE}${CHAT}${MODEL_USAGE}  foretoken datastore build|info|verify|query|list|remove ...
      Builds and shows stores of code to draft from; --help lists its actions.
  foretoken bench cost|decode|quality|make-model ...
      Runs benchmarks, in a checkout; --help lists them.
  foretoken --help | --version

Exit codes: 0 success; 1 failure, with the reason on standard error; 2 the model has no chat
template; 130 interrupted; 143 terminated.
`;

const COMMANDS = new Map([
  ["serve", SERVE],
  ["complete", COMPLETE],
  ["chat", CHAT],
  ["model", MODEL_USAGE],
]);

/** The usage of a command; undefined for an unknown one, and for one that shows its usage itself. */
export function usageOf(command: string | undefined): string | undefined {
  const usage = COMMANDS.get(command ?? "");
  return usage && `Usage:\n${usage}`;
}
