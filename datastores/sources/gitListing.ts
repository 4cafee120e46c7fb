/** Asks git which files of a folder are tracked or would be: all but what it ignores. */
import { execFile } from "node:child_process";
import { dirname } from "node:path";

/** A repository of a million files takes less; a hostile ignore file may take for ever. */
const TIMEOUT_MS = 15_000;
/** Of the listing, in bytes: about a million files. */
const MOST_BYTES = 64 * 1024 * 1024;
const NESTED_REPOSITORY = "160000";

export interface GitListing {
  /** Below the folder, with forward slashes. */
  readonly files: ReadonlySet<string>;
  /** All folders that a file lies in, likewise. */
  readonly folders: ReadonlySet<string>;
  /** Folders that are repositories of their own, whose files are not listed. */
  readonly repositories: ReadonlySet<string>;
}

/** Undefined where git is not there, takes too long, lists too much, or refuses the folder. */
export async function gitListing(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<GitListing | undefined> {
  const output = await run(folder, signal);
  if (output === undefined) return undefined;
  const [files, folders, repositories] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const entry of output.split("\0")) {
    if (entry === "") continue;
    const tracked = /^(\d{6}) [\da-f]+ \d\t/.exec(entry);
    const path = tracked ? entry.slice(tracked[0].length) : entry;
    const isRepository = tracked?.[1] === NESTED_REPOSITORY || path.endsWith("/");
    if (isRepository) repositories.add(path.endsWith("/") ? path.slice(0, -1) : path);
    else files.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const above = path.slice(0, end);
      if (folders.has(above)) break;
      folders.add(above);
    }
    if (isRepository) folders.add(path.endsWith("/") ? path.slice(0, -1) : path);
  }
  return { files, folders, repositories };
}

function run(folder: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const args = [
    "-C",
    folder,
    // A repository's configuration may name a program here.
    "-c",
    "core.fsmonitor=false",
    ...["ls-files", "--cached", "--stage", "--others", "--exclude-standard", "-z"],
  ];
  const options = {
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: MOST_BYTES,
    windowsHide: true,
    // Windows looks for programs in the working folder first, so that must not be the repository.
    cwd: dirname(process.execPath),
    env: environment(),
    ...(signal && { signal }),
  } as const;
  return new Promise(resolve => {
    execFile("git", args, options, (error, output) => resolve(error ? undefined : output));
  });
}

/** Without what would have git look at another repository, as hooks of git set it. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^GIT_(?!CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))/.test(name),
  );
  return { ...Object.fromEntries(kept), GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}
