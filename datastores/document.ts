/** Permissions of files that hold users' code: for their owner alone. */
export const PRIVATE_FILE = 0o600;

/** One file of a corpus as its source gives it, before filtering. */
export interface SourceDocument {
  readonly text: string;
  /** Where the file came from, for display: `owner/name path/to/file.py`, or a path on this machine. */
  readonly origin: string;
  /** File name with its folders inside the repository or root, with forward slashes. */
  readonly path: string;
  /** Repositories that contain this very text, as `owner/name`; several if a corpus was de-duplicated. */
  readonly repositories: readonly string[];
  /** Licence names as the source spells them (nearly always SPDX identifiers); empty if unknown. */
  readonly licences: readonly string[];
  /** The source's own name of the content (a git blob's sha1, a content id); "" if it has none. */
  readonly contentId: string;
  /** Whether it is a conversation or other natural language, for which the measures of code are meaningless. */
  readonly isProse?: boolean;
}

/** A failure the user can act on: what is wrong with which file or setting, and the remedy. */
export interface StoreProblem {
  readonly code:
    | "missing"
    | "unreadable"
    | "corrupt"
    | "foreign"
    | "version"
    | "noSpace"
    | "busy"
    | "cancelled"
    | "network"
    | "gated"
    | "unauthorised"
    | "rateLimited"
    | "schema"
    | "empty"
    | "tokenizer";
  readonly message: string;
  readonly remedy: string;
}

/** Thrown inside `datastores/` when a problem ends a stream or a build; callers turn it into a value. */
export class StoreError extends Error {
  constructor(
    readonly problem: StoreProblem,
    options?: ErrorOptions,
  ) {
    super(`${problem.message} ${problem.remedy}`, options);
  }
}

/** The message of a thrown value. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The code of a Node error, such as `ENOENT`; undefined for any other. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Whether a file system call failed because nothing is at the path: a part of it does not exist or is a file. */
export const isAbsence = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "");
