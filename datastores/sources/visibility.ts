/**
 * Which files of a folder git does not ignore: as git itself lists them, or by its rules where it cannot be asked. A folder
 * that is ignored whole by a repository above it, such as a home folder under version control, is none of that repository:
 * who opens it means its files, and only ignore files in it count.
 */
import { join } from "node:path";
import { IgnoreRules, repositoryOf } from "./gitignore.ts";
import { type GitListing, gitListing } from "./gitListing.ts";
import { hasObstacle, hasObstacleBelow } from "./gitObstacles.ts";

/** A listing that takes longer may wait at something, in milliseconds. */
const QUICK_MS = 500;
/** Repositories within a folder that are listed too, submodules among them. */
const MOST_REPOSITORIES = 64;

export class Visibility {
  private rules: IgnoreRules;
  private readonly repositoryRules: IgnoreRules;
  /** Where the repository above does not count; made when that is so for the first time. */
  private rootRules: IgnoreRules | undefined;
  /** By folder below the root, "" for itself: what git lists there; undefined where its rules decide instead. */
  private listings = new Map<string, GitListing | undefined>();
  /** Whether the listing is there, where there is to be one. Until then nothing is visible. */
  private isListed: boolean;

  /** @param warn is called once for each ignore file that cannot be used */
  constructor(
    private readonly root: string,
    private readonly warn: (message: string) => void,
  ) {
    this.repositoryRules = new IgnoreRules(root, warn);
    this.rules = this.repositoryRules;
    this.isListed = repositoryOf(root) === undefined;
  }

  /** Asks git anew. What it listed before counts until then. */
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

  /** What git lists in a folder; undefined where it cannot be asked, and would wait for ever among others. */
  private async list(folder: string, signal: AbortSignal | undefined): Promise<GitListing | undefined> {
    const path = join(this.root, folder);
    if (hasObstacle(repositoryOf(path) ?? path, folder === "" ? this.repositoryRules.outerFiles : []))
      return undefined;
    const ending = new AbortController();
    const given = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    const listing = gitListing(path, given);
    const isIgnored = (inner: string) =>
      this.repositoryRules.isIgnored(folder === "" ? `${inner}/` : `${folder}/${inner}/`);
    // Most listings are there before anything is searched for.
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

  /** @param path below the root, with forward slashes */
  file(path: string): boolean {
    return this.isListed && this.rules.isSound(path) && this.isKnown(path, "files", path);
  }

  /** Whether a folder may have files that are visible. @param path as for `file`, without a slash at its end */
  folder(path: string): boolean {
    return this.isListed && this.rules.isSound(`${path}/x`) && this.isKnown(path, "folders", `${path}/`);
  }

  /** @param asRule the path as the rules take it */
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
