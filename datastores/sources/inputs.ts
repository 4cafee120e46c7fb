/** The independent inputs of a source: a build processes them one by one, into shards, and not twice. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { HubOptions } from "../download/index.ts";
import type { SourceDocument } from "../index.ts";
import { fileError } from "../index.ts";
import { CODE_EXTENSIONS, PYTHON_EXTENSIONS } from "./fileKinds.ts";
import { type FolderOptions, fingerprint, readFolder } from "./folder.ts";
import { listHub } from "./hub.ts";
import { countedRows, type FileInput, type FolderInput, type LocalInput, type SourceInput } from "./input.ts";
import { readJsonLines } from "./jsonl.ts";
import { readParquet } from "./parquet.ts";
import { findPython } from "./python.ts";
import type { ReadOptions } from "./reading.ts";
import type { FileFormat, SourceSpec } from "./spec.ts";

/**
 * The inputs of a source in an order that depends only on their names. Throws `StoreError` if the source
 * does not exist, cannot be listed, or has nothing to read.
 */
export async function listInputs(spec: SourceSpec, options: HubOptions = {}): Promise<SourceInput[]> {
  switch (spec.kind) {
    case "hub":
      return shuffled(await listHub(spec, options));
    case "folder":
      return [await folderInput(spec.path, { gitignore: true, extensions: CODE_EXTENSIONS, ...options })];
    case "file":
      return [fileInput(spec.path, spec.format)];
    case "python": {
      const { roots } = await findPython(undefined, options.signal);
      // Ignore files in packages were meant for the packages' own repositories.
      return Promise.all(
        roots.map(root => folderInput(root, { gitignore: false, extensions: PYTHON_EXTENSIONS, ...options })),
      );
    }
  }
}

/** The documents of a local input. Throws `StoreError` as the readers do. */
export function readInput(input: LocalInput, options: ReadOptions = {}): AsyncIterable<SourceDocument> {
  if (input.kind === "folder") {
    const { path, gitignore, extensions } = input;
    return readFolder(path, { ...options, gitignore, extensions });
  }
  const { path, format, language } = input;
  const ofLanguage = language === undefined ? options : { ...options, language };
  return format === "parquet" ? readParquet(path, ofLanguage) : readJsonLines(path, ofLanguage);
}

async function folderInput(
  path: string,
  options: Required<Pick<FolderOptions, "gitignore" | "extensions">> & Pick<HubOptions, "signal">,
): Promise<FolderInput> {
  const { gitignore, extensions, signal } = options;
  const { digest, bytes } = await fingerprint(path, { gitignore, extensions, ...(signal ? { signal } : {}) });
  const identity = `folder:${path}#${digest}`;
  return { kind: "folder", name: path, identity, bytes, path, gitignore, extensions };
}

function fileInput(path: string, format: FileFormat): FileInput {
  try {
    const { size, mtimeMs } = statSync(path);
    const identity = `file:${path}#${size}#${mtimeMs}${countedRows()}`;
    return { kind: "file", name: path, identity, bytes: size, path, format };
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * The Stack v3 is sorted by repository, so its first parts are the code of owners that begin with "a". In an
 * order by hash, the first inputs are always a fair sample, and the order is the same everywhere.
 */
function shuffled<T extends { readonly path: string }>(inputs: readonly T[]): T[] {
  const key = ({ path }: T) => createHash("sha256").update(path).digest("hex");
  const keyed = inputs.map(input => ({ input, key: key(input) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ input }) => input);
}
