/** Asks git which files of a folder are tracked or could be: all except ignored ones. */
import { repositoryOf } from "./gitignore.ts";
import { gitFlag } from "./gitSettings.ts";
import { outputOf } from "./program.ts";
import { Pace } from "./reading.ts";

/** Enough for a repository of a million files; a hostile ignore file may take forever. */
const TIMEOUT_MS = 15_000;
/** Limit of the listing, in bytes: about a million files. */
const MOST_BYTES = 64 * 1024 * 1024;
const NESTED_REPOSITORY = "160000";

export interface GitListing {
  /** Keys of the files, whose paths are below the folder, with forward slashes. */
  readonly files: ReadonlySet<string>;
  /** Keys of all folders that contain a file. */
  readonly folders: ReadonlySet<string>;
  /** Nested repositories, whose files are not listed: their paths by their keys. */
  readonly repositories: ReadonlyMap<string, string>;
  /** A common key for paths that git treats as equal, though they differ in case or in how accents are composed. */
  readonly key: (path: string) => string;
}

/** Undefined if git is not installed, takes too long, lists too much, or refuses the folder. */
export async function gitListing(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<GitListing | undefined> {
  const output = await run(folder, signal);
  return output === undefined ? undefined : readListing(output, pathKey(folder));
}

/** The paths in git's output, which may be hundreds of thousands. */
export async function readListing(output: string, key: GitListing["key"]): Promise<GitListing> {
  const [files, folders, repositories] = [new Set<string>(), new Set<string>(), new Map<string, string>()];
  const pace = new Pace();
  for (const entry of output.split("\0")) {
    if (entry === "") continue;
    if (pace.isDue) await pace.breathe();
    const tracked = /^(\d{6}) [\da-f]+ \d\t/.exec(entry);
    const listed = tracked ? entry.slice(tracked[0].length) : entry;
    const isRepository = tracked?.[1] === NESTED_REPOSITORY || listed.endsWith("/");
    const own = listed.endsWith("/") ? listed.slice(0, -1) : listed;
    const path = key(own);
    if (isRepository) repositories.set(path, own);
    else files.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const above = path.slice(0, end);
      if (folders.has(above)) break;
      folders.add(above);
    }
    if (isRepository) folders.add(path);
  }
  return { files, folders, repositories, key };
}

/**
 * How paths are compared in a repository. On file systems that ignore case, git keeps listing a file by its old name after
 * only its case was changed; on macOS it lists composed accents, while the disk may have others.
 */
function pathKey(folder: string): (path: string) => string {
  const top = repositoryOf(folder) ?? folder;
  const [ignoresCase, composes] = [gitFlag(top, "core.ignorecase"), gitFlag(top, "core.precomposeunicode")];
  return path => {
    const composed = composes ? path.normalize("NFC") : path;
    return ignoresCase ? composed.toLowerCase() : composed;
  };
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
  return outputOf("git", args, {
    timeoutMs: TIMEOUT_MS,
    mostBytes: MOST_BYTES,
    environment: environment(),
    signal,
  });
}

/** The environment without variables that would point git at another repository, as git's hooks set them. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^GIT_(?!CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    // In a partial clone git would fetch what it lacks, with a program that the repository's configuration may name.
    GIT_ALLOW_PROTOCOL: "none",
    LC_ALL: "C",
  };
}
