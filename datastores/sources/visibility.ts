/**
 * Which files of a folder git does not ignore: by git's own listing, or by its rules if git cannot be asked. A folder that
 * a repository above ignores completely, such as one within a home folder under version control, does not belong to that
 * repository: the user opened it for its files, and only ignore files in it count.
 */
import { join } from "node:path";
import { IgnoreRules, repositoryOf } from "./gitignore.ts";
import { type GitListing, gitListing } from "./gitListing.ts";
import { hasObstacle, hasObstacleBelow } from "./gitObstacles.ts";

/** A listing that takes longer, in milliseconds, may be blocked. */
const QUICK_MS = 500;
/** Most nested repositories that are listed too, including submodules. */
const MOST_REPOSITORIES = 64;

export class Visibility {
  private rules: IgnoreRules;
  private readonly repositoryRules: IgnoreRules;
  /** Rules for when the repository above does not count; created at first use. */
  private rootRules: IgnoreRules | undefined;
  /** Git's listings by folder below the root, "" for the root; undefined if git's rules are applied instead. */
  private listings = new Map<string, GitListing | undefined>();
  /** Whether the listing, if there is to be one, exists. Until then nothing is visible. */
  private isListed: boolean;

  /** @param warn called once for each ignore file that cannot be used */
  constructor(
    private readonly root: string,
    private readonly warn: (message: string) => void,
  ) {
    this.repositoryRules = new IgnoreRules(root, warn);
    this.rules = this.repositoryRules;
    this.isListed = repositoryOf(root) === undefined;
  }

  /** Asks git again. The previous listing is used until then. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const listings = new Map<string, GitListing | undefined>();
    const pending = repositoryOf(this.root) === undefined ? [] : [""];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      if (listings.size >= MOST_REPOSITORIES) break;
      const listing = await this.list(folder, signal);
      listings.set(folder, listing);
      for (const inner of listing?.repositories.values() ?? [])
        pending.push(folder === "" ? inner : `${folder}/${inner}`);
    }
    if (signal?.aborted) return;
    const own = listings.get("");
    const isEmpty = !own || (own.files.size === 0 && own.repositories.size === 0);
    const isForeign = isEmpty && this.repositoryRules.ignoresRoot;
    this.rules = isForeign ? this.ownRules() : this.repositoryRules;
    this.listings = isForeign ? new Map() : listings;
    this.isListed = true;
  }

  private ownRules(): IgnoreRules {
    this.rootRules ??= new IgnoreRules(this.root, this.warn, this.root);
    return this.rootRules;
  }

  /** Git's listing of a folder; undefined if git cannot be asked, for example because it would wait forever. */
  private async list(folder: string, signal: AbortSignal | undefined): Promise<GitListing | undefined> {
    const path = join(this.root, folder);
    if (hasObstacle(repositoryOf(path) ?? path, folder === "" ? this.repositoryRules.outerFiles : []))
      return undefined;
    const ending = new AbortController();
    const given = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    const listing = gitListing(path, given);
    const isIgnored = (inner: string) =>
      this.repositoryRules.isIgnored(folder === "" ? `${inner}/` : `${folder}/${inner}/`);
    // Most listings finish before the search starts.
    const timer = setTimeout(() => {
      const searched = hasObstacleBelow(path, isIgnored, given);
      searched.then(found => found && ending.abort()).catch(() => {});
    }, QUICK_MS);
    try {
      return await listing;
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  /** Asks about many files and folders at once; `ask` does not wait for anything. */
  inSeries<Result>(ask: () => Result): Result {
    return this.rules.inSeries(ask);
  }

  /** @param path below the root, with forward slashes */
  file(path: string): boolean {
    return this.isListed && this.rules.isSound(path) && this.isKnown(path, "files", path);
  }

  /** Whether a folder may contain visible files. @param path as for `file`, without a slash at its end */
  folder(path: string): boolean {
    return this.isListed && this.rules.isSound(`${path}/x`) && this.isKnown(path, "folders", `${path}/`);
  }

  /** @param asRule the path in the form that the rules expect */
  private isKnown(path: string, kind: "files" | "folders", asRule: string): boolean {
    let [base, below] = ["", path];
    for (;;) {
      const listing = this.listings.get(base);
      if (!listing) return base === "" ? !this.rules.isIgnored(asRule) : false;
      const key = listing.key(below);
      if (listing[kind].has(key)) return true;
      const inner = [...listing.repositories].find(([repository]) => key.startsWith(`${repository}/`))?.[1];
      if (inner === undefined) return false;
      base = base === "" ? inner : `${base}/${inner}`;
      // The inner repository may compare names in another way.
      below = below.split("/").slice(inner.split("/").length).join("/");
    }
  }
}
