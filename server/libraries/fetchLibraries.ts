/** Fetches a package of libraries from an npm registry, checks it, and installs it completely or not at all. */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { x as extract, type ReadEntry } from "tar";
import { isAddress, transfer, withoutCredentials } from "../../datastores/download/index.ts";
import { lock, StoreError, storeError } from "../../datastores/index.ts";
import type { ModelFailure } from "../protocol/index.ts";
import { codeOf, makeFolder, messageOf } from "../system/index.ts";
import { type LibraryPackage, sha512Of } from "./packages.ts";

/** The registry that is used unless another one is named. */
const PUBLIC_REGISTRY = "https://registry.npmjs.org";

export interface FetchLibrariesOptions {
  /** Address of the registry; "" is npm's public one. */
  readonly registry: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
  /** Wait after the first failure, doubled with each further one, in milliseconds. */
  readonly backOffMs?: number;
  readonly attempts?: number;
}

/** A package's folder name. */
const folderName = ({ name }: LibraryPackage) => basename(name);

/** The folder of a fetched package. @param folder the folder of all fetched libraries */
export const packageFolder = (folder: string, wanted: LibraryPackage): string =>
  join(folder, wanted.version, folderName(wanted));

/** Removes libraries of other releases: they do not work with this one. */
export function removeOtherReleases(folder: string, release: string): void {
  let versions: string[];
  try {
    versions = readdirSync(folder);
  } catch {
    return; // Nothing was ever fetched.
  }
  for (const version of versions)
    if (version !== release) rmSync(join(folder, version), { recursive: true, force: true });
}

/** Fetches a package; undefined once it is installed. A download that was interrupted is continued. */
export async function fetchLibraries(
  wanted: LibraryPackage,
  folder: string,
  { registry, signal, onProgress, ...retries }: FetchLibrariesOptions,
): Promise<ModelFailure | undefined> {
  const base = (registry.trim() || PUBLIC_REGISTRY).replace(/\/+$/, "");
  if (!isAddress(base))
    return {
      code: "usage",
      message: `"foretoken.npmRegistry" is not an address: ${withoutCredentials(registry)}`,
      remedy: "Give one that begins with https:// and has no user name or password, or leave it empty.",
    };
  const target = packageFolder(folder, wanted);
  const archive = `${target}.tgz`;
  try {
    makeFolder(join(folder, wanted.version));
    const unlock = lock(join(folder, wanted.version), folderName(wanted), "download");
    try {
      await transfer(
        {
          url: `${base}/${wanted.name}/-/${folderName(wanted)}-${wanted.version}.tgz`,
          path: archive,
          name: wanted.name,
          sha512: sha512Of(wanted),
        },
        {
          ...retries,
          hubUrl: base,
          host: "registry",
          kind: "package",
          anonymous: true,
          signal,
          ...(onProgress && { onProgress }),
        },
      );
      await putInPlace(archive, target);
    } finally {
      unlock();
    }
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return problemOf(error);
    return {
      code: codeOf(error) ?? "failed",
      message: `The libraries cannot be put into ${folder}: ${messageOf(error)}.`,
      remedy: "Free space there or make it writable, and try again.",
    };
  }
}

function problemOf({ problem }: StoreError): ModelFailure {
  const { code, message, remedy } = problem;
  const isRefused = ["missing", "unauthorised", "gated"].includes(code);
  const mirror =
    'Check "foretoken.npmRegistry": a mirror must have the package, and give it without an access token.';
  return { code, message, remedy: isRefused ? mirror : remedy };
}

/** Unpacks a verified archive, and moves it to its final place. */
async function putInPlace(archive: string, target: string): Promise<void> {
  const beside = `${target}.new`;
  rmSync(beside, { recursive: true, force: true });
  try {
    await unpack(archive, beside);
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  rmSync(archive, { force: true });
}

/** Unpacks an npm package: plain files below its one folder. Throws if it contains anything else. */
export async function unpack(archive: string, folder: string): Promise<void> {
  makeFolder(folder);
  let odd: string | undefined;
  await extract({
    file: archive,
    cwd: folder,
    strip: 1,
    strict: true,
    preservePaths: false,
    filter: (path, entry) => {
      const isPlain = "type" in entry && ["File", "Directory"].includes((entry as ReadEntry).type);
      const isInside = !path.split(/[\\/]/).includes("..") && !/^(?:[\\/]|[A-Za-z]:)/.test(path);
      if (!isPlain || !isInside) odd ??= path;
      return isPlain && isInside;
    },
  });
  if (odd !== undefined)
    throw storeError(
      "foreign",
      `The package holds "${odd}", which is not a plain file within it.`,
      "Report it.",
    );
}
