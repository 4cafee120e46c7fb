/** Libraries on demand: reports whether CUDA's would help, and fetches them once the user agrees. */
import { existsSync } from "node:fs";
import type { Connection } from "vscode-languageserver";
import {
  FetchLibrariesRequest,
  LibrariesProgress,
  type LibrariesReport,
  LibrariesRequest,
  type Settings,
} from "../protocol/index.ts";
import {
  hasNvidiaDriver,
  inBackground,
  librariesDirectory,
  librariesFile,
  messageOf,
} from "../system/index.ts";
import { fetchLibraries, packageFolder, removeOtherReleases } from "./fetchLibraries.ts";
import { cudaPackage } from "./packages.ts";

interface LibraryDependencies {
  /** The current settings. */
  settings(): Settings;
  /** The back end of the loaded model; undefined without one. */
  backend(): string | undefined;
}

interface LibrariesFeature {
  /** Called once the storage directory is known. */
  start(storageDirectory: string | undefined): void;
}

export function registerLibraries(connection: Connection, parts: LibraryDependencies): LibrariesFeature {
  const wanted = cudaPackage(librariesFile());
  let folder: string | undefined;

  connection.onRequest(LibrariesRequest, () => {
    if (!wanted || folder === undefined || parts.settings().backend !== "auto") return false;
    const isThere = parts.backend() === "cuda" || existsSync(packageFolder(folder, wanted));
    return !isThere && hasNvidiaDriver();
  });
  connection.onRequest(FetchLibrariesRequest, async ({ progressToken }, token) => {
    if (!wanted || folder === undefined)
      return { message: "There are no CUDA libraries for this platform.", remedy: "Vulkan serves as well." };
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    const tell = (report: LibrariesReport) => {
      if (progressToken === undefined) return;
      const sent = connection.sendProgress(LibrariesProgress, progressToken, report);
      inBackground(sent, "Reporting progress", message => connection.console.error(message));
    };
    const problem = await fetchLibraries(wanted, folder, {
      registry: parts.settings().npmRegistry,
      signal: cancel.signal,
      onProgress: (bytes, totalBytes) => tell({ bytes, totalBytes }),
    });
    return problem ?? null;
  });
  return {
    start(storageDirectory) {
      folder = librariesDirectory(storageDirectory);
      try {
        if (wanted) removeOtherReleases(folder, wanted.version);
      } catch (error) {
        connection.console.warn(`The libraries of another release cannot be removed: ${messageOf(error)}`);
      }
    },
  };
}
