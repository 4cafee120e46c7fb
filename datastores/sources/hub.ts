/** The files of a data set on the hub, pinned to one commit, and how they come to this machine. */
import { join } from "node:path";
import { listFiles } from "@huggingface/hub";
import { StoreError } from "../document.ts";
import { matchesGlob } from "./glob.ts";
import type { FileInput, RemoteInput } from "./input.ts";
import { storeError } from "./reading.ts";
import { get, type HubOptions, hubAddress, withRetries } from "./request.ts";
import { formatOf, type HubSpec } from "./spec.ts";
import { type TransferOptions, transfer } from "./transfer.ts";

/** A path from the network that could lead out of the folder it is put in, on any platform. */
const UNSAFE_PATH = /(?:^|\/)\.{0,2}(?:\/|$)|[\\:\0]/;
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * The data files of a data set that the spec's pattern names, at the commit its revision stands for now.
 * Throws `StoreError` as `transfer` does, and of code `empty` if no file matches.
 */
export async function listHub(spec: HubSpec, options: HubOptions = {}): Promise<RemoteInput[]> {
  const what = `data set ${spec.repository}`;
  const commit = await pin(spec, what, options);
  const api = (async (url: string | URL | Request, init?: RequestInit) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const reply = await withRetries(() => get(String(url), what, headers, options), options);
    return new Response(await textOf(reply.chunks()), reply.response);
  }) as typeof fetch;
  const inputs: RemoteInput[] = [];
  const folder = spec.files.slice(0, spec.files.search(/[*?{]|$/)).replace(/\/?[^/]*$/, "");
  const listing = listFiles({
    repo: { type: "dataset", name: spec.repository },
    revision: commit,
    recursive: true,
    hubUrl: hubAddress(options),
    // The token goes out with `get`, which knows where to; the library takes only some spellings of one.
    fetch: api,
    ...(folder ? { path: folder } : {}),
  });
  try {
    for await (const { type, path, size, lfs } of listing) {
      const format = formatOf(path);
      if (type !== "file" || !format || !matchesGlob(spec.files, path)) continue;
      if (UNSAFE_PATH.test(path))
        throw storeError(
          "foreign",
          `${what} has a file "${path}", which is no safe name.`,
          "Name other files.",
        );
      const bytes = lfs?.size ?? size;
      const sha256 = lfs?.oid;
      const name = `${spec.repository} ${path}`;
      const identity = `hub:${spec.repository}@${commit}:${path}#${bytes}#${sha256 ?? ""}`;
      const remote = { kind: "remote", name, identity, bytes, repository: spec.repository, commit } as const;
      inputs.push({ ...remote, path, format, ...(sha256 ? { sha256 } : {}) });
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw storeError(
      "network",
      `${what}: the hub's list of files makes no sense.`,
      "Try again later.",
      error,
    );
  }
  if (inputs.length === 0)
    throw storeError(
      "empty",
      `${what} has no data file that matches "${spec.files}".`,
      "Check the pattern: it names files with their folders, such as data/python/*.parquet.",
    );
  return inputs;
}

/** The commit a branch or tag stands for: without it, two builds of the same name would differ. */
async function pin(spec: HubSpec, what: string, options: HubOptions): Promise<string> {
  if (COMMIT.test(spec.revision)) return spec.revision;
  const revision = encodeURIComponent(spec.revision);
  const url = `${hubAddress(options)}/api/datasets/${spec.repository}/revision/${revision}`;
  const body = await withRetries(
    async () => textOf((await get(url, what, { accept: "application/json" }, options)).chunks()),
    options,
  );
  let commit: unknown;
  try {
    commit = (JSON.parse(body) as { sha?: unknown }).sha;
  } catch (error) {
    throw storeError("network", `${what}: what the hub answered makes no sense.`, "Try again later.", error);
  }
  if (typeof commit === "string" && COMMIT.test(commit)) return commit;
  throw storeError("network", `${what}: the hub did not name a commit.`, "Give a commit as the revision.");
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}

/** Where `download` puts a file: by commit, so that revisions never mix. */
export function downloadPath(input: RemoteInput, folder: string): string {
  return join(folder, ...input.repository.split("/"), input.commit, ...input.path.split("/"));
}

/**
 * Brings a file of the hub into a folder of this machine, going on where an earlier call stopped. The result
 * keeps the identity of the remote file. Throws as `transfer` does.
 */
export async function download(
  input: RemoteInput,
  folder: string,
  options: TransferOptions = {},
): Promise<FileInput> {
  const encoded = input.path.split("/").map(encodeURIComponent).join("/");
  const path = downloadPath(input, folder);
  const { bytes, name, identity, format, sha256 } = input;
  await transfer(
    {
      url: `${hubAddress(options)}/datasets/${input.repository}/resolve/${input.commit}/${encoded}`,
      path,
      name,
      bytes,
      ...(sha256 ? { sha256 } : {}),
    },
    options,
  );
  return { kind: "file", name, identity, bytes, path, format };
}
