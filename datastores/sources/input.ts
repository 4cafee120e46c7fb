/** What an input of a build is: a file, or a folder with all that is in it. */
import type { FileFormat } from "./spec.ts";

interface Input {
  /** For people. */
  readonly name: string;
  /** The same for the same content, and another when the content may have changed. */
  readonly identity: string;
  /** Of the file, or of all the files in a folder that count. */
  readonly bytes: number;
}

export interface FolderInput extends Input {
  readonly kind: "folder";
  readonly path: string;
  readonly gitignore: boolean;
}

export interface FileInput extends Input {
  readonly kind: "file";
  readonly path: string;
  readonly format: FileFormat;
}

/** A file on the hub, to be downloaded before it can be read. */
export interface RemoteInput extends Input {
  readonly kind: "remote";
  readonly repository: string;
  readonly commit: string;
  /** Within the data set. */
  readonly path: string;
  readonly format: FileFormat;
  /** In hex; absent for the few files that are not in large-file storage. */
  readonly sha256?: string;
}

export type LocalInput = FolderInput | FileInput;
export type SourceInput = LocalInput | RemoteInput;
