/** An input of a build: a file, or a folder with everything in it. */
import type { FileFormat } from "./spec.ts";

interface Input {
  /** For display. */
  readonly name: string;
  /** Equal for equal content; different if the content may have changed. */
  readonly identity: string;
  /** Size of the file, or of all files in a folder that count. */
  readonly bytes: number;
}

export interface FolderInput extends Input {
  readonly kind: "folder";
  readonly path: string;
  readonly gitignore: boolean;
  /** Of the files that count, with the dot. */
  readonly extensions: readonly string[];
}

/** A file whose rows hold texts. */
interface Rows extends Input {
  readonly format: FileFormat;
  /** The only language whose rows count, as of `languageName`; absent: all rows do. */
  readonly language?: string;
}

export interface FileInput extends Rows {
  readonly kind: "file";
  readonly path: string;
}

/** A file on the hub that must be downloaded before it can be read. */
export interface RemoteInput extends Rows {
  readonly kind: "remote";
  readonly repository: string;
  readonly commit: string;
  /** Within the data set. */
  readonly path: string;
  /** In hex; absent for the few files that are not in large-file storage. */
  readonly sha256?: string;
}

export type LocalInput = FolderInput | FileInput;
export type SourceInput = LocalInput | RemoteInput;

/** What an identity says of the rows that count. Python is not named, as it was once the only language. */
export const countedRows = (language = "any") => (language === "python" ? "" : `#${language}`);
