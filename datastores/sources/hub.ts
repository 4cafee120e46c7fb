/** Lists the files of a data set on the hub, pinned to one commit, and downloads them. */
import { join } from "node:path";
import {
  fileUrl,
  type HubOptions,
  listRepository,
  type Repository,
  repositoryLabel,
  type TransferOptions,
  transfer,
} from "../download/index.ts";
import { storeError } from "../index.ts";
import { matchesGlob } from "./glob.ts";
import { countedRows, type FileInput, type RemoteInput } from "./input.ts";
import { formatOf, type HubSpec } from "./spec.ts";

const dataSet = (name: string, revision: string): Repository => ({ type: "dataset", name, revision });

/**
 * The data files of a data set that match the spec's pattern, at the commit its revision currently stands for.
 * Throws `StoreError` as `transfer` does, and of code `empty` if no file matches.
 */
export async function listHub(spec: HubSpec, options: HubOptions = {}): Promise<RemoteInput[]> {
  const repository = dataSet(spec.repository, spec.revision);
  const folder = spec.files.slice(0, spec.files.search(/[*?{]|$/)).replace(/\/?[^/]*$/, "");
  const wants = (path: string) => formatOf(path) !== undefined && matchesGlob(spec.files, path);
  const { commit, files } = await listRepository(repository, folder, wants, options);
  const inputs: RemoteInput[] = [];
  for (const { path, bytes, sha256 } of files) {
    const format = formatOf(path);
    if (!format) continue;
    const name = `${spec.repository} ${path}`;
    const { language } = spec;
    const identity = `hub:${spec.repository}@${commit}:${path}#${bytes}#${sha256 ?? ""}${countedRows(language)}`;
    const remote = { kind: "remote", name, identity, bytes, repository: spec.repository, commit } as const;
    inputs.push({
      ...remote,
      path,
      format,
      ...(language ? { language } : {}),
      ...(sha256 ? { sha256 } : {}),
    });
  }
  if (inputs.length === 0)
    throw storeError(
      "empty",
      `${repositoryLabel(repository)} has no data file that matches "${spec.files}".`,
      spec.language === undefined
        ? "Check the pattern: it names files with their folders, such as data/python/*.parquet."
        : `Check the language "${spec.language}": its name is that of a folder of the data set, such as go or visual-basic.`,
    );
  return inputs;
}

/** Target path of a download: by commit, so that revisions never mix. */
export function downloadPath(input: RemoteInput, folder: string): string {
  return join(folder, ...input.repository.split("/"), input.commit, ...input.path.split("/"));
}

/**
 * Downloads a file of the hub into a local folder, continuing where an earlier call stopped. The result
 * keeps the identity of the remote file. Throws as `transfer` does.
 */
export async function download(
  input: RemoteInput,
  folder: string,
  options: TransferOptions = {},
): Promise<FileInput> {
  const path = downloadPath(input, folder);
  const { bytes, name, identity, format, language, sha256 } = input;
  const url = fileUrl(dataSet(input.repository, input.commit), input.commit, input.path, options);
  await transfer({ url, path, name, bytes, ...(sha256 ? { sha256 } : {}) }, options);
  return { kind: "file", name, identity, bytes, path, format, ...(language ? { language } : {}) };
}
