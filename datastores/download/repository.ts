/** The files of a repository on the hub, pinned to one commit. */
import { listFiles } from "@huggingface/hub";
import { StoreError, storeError } from "../index.ts";
import { get, type HubOptions, hubAddress } from "./request.ts";
import { withRetries } from "./retries.ts";

export interface Repository {
  readonly type: "dataset" | "model";
  /** `owner/name`. */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

interface RepositoryFile {
  /** Within the repository, with forward slashes; safe to be joined to a folder. */
  readonly path: string;
  readonly bytes: number;
  /** In hex; absent for files that are not in large-file storage. */
  readonly sha256?: string;
}

/** A path from the network that could lead out of its target folder, on any platform. */
const UNSAFE_PATH = /(?:^|\/)\.{0,2}(?:\/|$)|[\\:\0]/;
const COMMIT = /^[0-9a-f]{40}$/;

/** A repository's name for messages. */
export const repositoryLabel = ({ type, name }: Repository): string =>
  `${type === "dataset" ? "data set" : "model"} ${name}`;

/**
 * The files below `folder` ("" for all) for which `wants` holds, and their commit; none if there is no such folder. Throws
 * `StoreError` as `transfer` does, and of code `foreign` for a file whose name is not safe.
 */
export async function listRepository(
  repository: Repository,
  folder: string,
  wants: (path: string) => boolean,
  options: HubOptions = {},
): Promise<{ commit: string; files: RepositoryFile[] }> {
  const what = repositoryLabel(repository);
  const commit = await pin(repository, options);
  const api = (async (url: string | URL | Request, init?: RequestInit) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const reply = await withRetries(() => get(String(url), what, headers, options), options);
    return new Response(await textOf(reply.chunks()), reply.response);
  }) as typeof fetch;
  const files: RepositoryFile[] = [];
  const listing = listFiles({
    repo: { type: repository.type, name: repository.name },
    revision: commit,
    recursive: true,
    hubUrl: hubAddress(options),
    // `get` sends the token, to the right hosts only; the library accepts only some forms of token.
    fetch: api,
    ...(folder ? { path: folder } : {}),
  });
  try {
    for await (const { type, path, size, lfs } of listing) {
      if (type !== "file" || !wants(path)) continue;
      if (UNSAFE_PATH.test(path))
        throw storeError(
          "foreign",
          `${what} has a file "${path}", which is not a safe name.`,
          "Name other files.",
        );
      files.push({ path, bytes: lfs?.size ?? size, ...(lfs ? { sha256: lfs.oid } : {}) });
    }
  } catch (error) {
    // The revision was found, so it is the folder that the hub does not have.
    const isFolderMissing = folder !== "" && commit !== repository.revision && isMissing(error);
    if (isFolderMissing) return { commit, files: [] };
    if (error instanceof StoreError) throw error;
    throw storeError(
      "network",
      `${what}: the hub's list of files cannot be understood.`,
      "Try again later.",
      error,
    );
  }
  return { commit, files };
}

const isMissing = (error: unknown) => error instanceof StoreError && error.problem.code === "missing";

/** The download address of a repository's file. */
export function fileUrl(
  { type, name }: Repository,
  commit: string,
  path: string,
  options: HubOptions = {},
): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `${hubAddress(options)}/${type === "dataset" ? "datasets/" : ""}${name}/resolve/${commit}/${encoded}`;
}

/** The commit a branch or tag stands for: without it, the same name could mean other files later. */
async function pin(repository: Repository, options: HubOptions): Promise<string> {
  const { type, name, revision } = repository;
  if (COMMIT.test(revision)) return revision;
  const what = repositoryLabel(repository);
  const url = `${hubAddress(options)}/api/${type}s/${name}/revision/${encodeURIComponent(revision)}`;
  const body = await withRetries(
    async () => textOf((await get(url, what, { accept: "application/json" }, options)).chunks()),
    options,
  );
  let commit: unknown;
  try {
    commit = (JSON.parse(body) as { sha?: unknown }).sha;
  } catch (error) {
    throw storeError("network", `${what}: the hub's answer cannot be understood.`, "Try again later.", error);
  }
  if (typeof commit === "string" && COMMIT.test(commit)) return commit;
  throw storeError("network", `${what}: the hub did not name a commit.`, "Give a commit as the revision.");
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}
