/** What Node and the editor's settings are called, in words for people at a command line who know neither. */
import { codeOf, messageOf } from "../../datastores/index.ts";

/** What each way of refusing a file says of it. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EISDIR: "is a folder",
  ENOTDIR: "is not a folder, or lies below a file",
  EACCES: "may not be used by this user",
  EPERM: "may not be used by this user",
  EEXIST: "exists already",
  ENOSPC: "cannot be written: there is no space left",
  EROFS: "cannot be written: its file system is read-only",
};

/** A call on the file system that failed, as Node words it, alone or at the end of a sentence. */
const FILE_CALL = /\b(E[A-Z]+): [a-z][^,:'\n]*, [a-z]+(?: '([^'\n]*)'(?: -> '[^'\n]*')?)?/g;

/** A message with Node's own words on files replaced, as far as they are known. */
export function inPlainWords(message: string): string {
  return message.replace(FILE_CALL, (whole: string, code: string, path: string | undefined) => {
    const refusal = REFUSALS[code];
    if (refusal === undefined) return whole;
    return whole === message ? `${path ?? "A file"} ${refusal}.` : `it ${refusal}`;
  });
}

/** Why a file cannot be read, as a sentence. Node does not name the file in each of its own. */
export function refusalOf(error: unknown, path: string): string {
  const refusal = REFUSALS[codeOf(error) ?? ""];
  return refusal === undefined ? `${path} cannot be read: ${messageOf(error)}.` : `${path} ${refusal}.`;
}

/** Each way in which `parseArgs` refuses, by a part of its message; the code of the error is the same for several. */
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

/** What is given beyond what a command takes. */
export const surplusSentence = (surplus: readonly string[]): string =>
  `Nothing more is expected here: ${surplus.join(" ")}.`;

/** What is wrong with the arguments, where the error is one of `parseArgs`; undefined for any other. */
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

/** A remedy that names settings, in the options of a command that does the same; with the settings that have none. */
export function inOptions(remedy: string): string {
  const named = remedy.replace(SETTING, (whole: string, within: string | undefined, setting: string) => {
    const option = OPTIONS[setting];
    return option === undefined ? whole : within ? `with ${option}` : option;
  });
  return named === remedy ? remedy : named.replace(/\bor clear it\b/g, "or leave it out");
}

/** A name from elsewhere as it may be written to a terminal: control characters, which would command it, as escapes. */
export const printable = (name: string): string =>
  name.replace(/\p{Cc}/gu, each => `\\x${each.charCodeAt(0).toString(16).padStart(2, "0")}`);
