/** Rewords messages of Node and names of settings for command line users who know neither. */
import { codeOf, messageOf } from "../../datastores/index.ts";

/** Words for each way in which a file can be refused. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EISDIR: "is a folder",
  ENOTDIR: "is not a folder, or is below a file",
  EACCES: "may not be used by this user",
  EPERM: "may not be used by this user",
  EEXIST: "exists already",
  ENOSPC: "cannot be written: there is no space left",
  EROFS: "cannot be written: its file system is read-only",
};

/** Node's message of a failed file system call, alone or at the end of a sentence. */
const FILE_CALL = /\b(E[A-Z]+): [a-z][^,:'\n]*, [a-z]+(?: '([^'\n]*)'(?: -> '[^'\n]*')?)?/g;

/** A message with Node's own words on files replaced, if they are known. */
export function inPlainWords(message: string): string {
  return message.replace(FILE_CALL, (whole: string, code: string, path: string | undefined) => {
    const refusal = REFUSALS[code];
    if (refusal === undefined) return whole;
    return whole === message ? `${path ?? "A file"} ${refusal}.` : `it ${refusal}`;
  });
}

/** The reason why a file cannot be read, as a sentence. Not all of Node's own messages name the file. */
export function refusalOf(error: unknown, path: string): string {
  const refusal = REFUSALS[codeOf(error) ?? ""];
  return refusal === undefined ? `${path} cannot be read: ${messageOf(error)}.` : `${path} ${refusal}.`;
}

/** The errors of `parseArgs`, by a part of the message; several of them share an error code. */
const PARSING: readonly [message: RegExp, sentence: (name: string) => string][] = [
  [/^Unknown option '([^']*)'/, name => `There is no option ${name}.`],
  [/^Option '(?:-\w, )?(--?[^' ]+)[^']*' argument missing/, name => `${name} needs a value.`],
  [
    /^Option '(?:-\w, )?(--?[^' ]+)[^']*' argument is ambiguous/,
    name => `${name} needs a value; one that begins with a dash is written as ${name}=VALUE.`,
  ],
  [/^Option '(?:-\w, )?(--?[^' ]+)[^']*' does not take an argument/, name => `${name} takes no value.`],
  [/^Unexpected argument '([^']*)'/, name => surplusSentence([name])],
];

/** A sentence about surplus arguments. */
export const surplusSentence = (surplus: readonly string[]): string =>
  `Nothing more is expected here: ${surplus.join(" ")}.`;

/** The problem with the arguments if the error is from `parseArgs`; undefined for any other error. */
export function parsingProblem(error: unknown): string | undefined {
  if (!codeOf(error)?.startsWith("ERR_PARSE_ARGS_")) return undefined;
  const message = messageOf(error);
  for (const [pattern, sentence] of PARSING) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return sentence(name);
  }
  return message;
}

/** Options of commands that are settings in an editor. */
const OPTIONS: Readonly<Record<string, string>> = {
  modelPath: "--model",
  draftModel: "--draft-model",
  backend: "--backend",
  catalogue: "--catalogue",
};
const SETTING = /(?:(in )?the setting )?"foretoken\.(\w+)"/g;

/** An editor restarts the server to try again what has failed; on the command line, a command tries it again. */
const RESTART = /\bForetoken: Restart Server\b/g;
const TRY_AGAIN = "foretoken model check MODEL";

/**
 * A remedy with settings replaced by the command's options, and the editor's command by one of the command line; settings
 * without an option are kept.
 */
export function inOptions(remedy: string): string {
  const named = remedy.replace(SETTING, (whole: string, within: string | undefined, setting: string) => {
    const option = OPTIONS[setting];
    return option === undefined ? whole : within ? `with ${option}` : option;
  });
  const cleared = named === remedy ? remedy : named.replace(/\bor clear it\b/g, "or leave it out");
  return cleared.replace(RESTART, TRY_AGAIN);
}

/** Characters that set the direction of the text after them: a terminal would show a name's end, or what follows, reversed. */
const DIRECTIONS = "\u202a-\u202e\u2066-\u2069";
const UNPRINTABLE = new RegExp(`[\\p{Cc}${DIRECTIONS}]`, "gu");
/** Those of them that JSON allows in strings. */
const UNPRINTABLE_IN_JSON = new RegExp(`[\\x7f-\\x9f${DIRECTIONS}]`, "gu");

const inHex = (character: string, digits: number) =>
  character.charCodeAt(0).toString(16).padStart(digits, "0");
const unicodeEscape = (character: string) => `\\u${inHex(character, 4)}`;
const escaped = (character: string) =>
  character > "\xff" ? unicodeEscape(character) : `\\x${inHex(character, 2)}`;

/** A name from elsewhere made safe for a terminal: characters that the terminal would obey become escapes. */
export const printable = (name: string): string => name.replace(UNPRINTABLE, escaped);

/** A value as JSON that is safe for a terminal too: characters that the terminal would obey become JSON's own escapes. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(UNPRINTABLE_IN_JSON, unicodeEscape);

/** The text of a model as a stream gets it: a terminal gets no control characters except line feeds and tabs. */
export const shownText = (text: string, { isTTY = false }: { readonly isTTY?: boolean }): string =>
  isTTY ? text.replace(/[^\P{Cc}\n\t]/gu, escaped) : text;
