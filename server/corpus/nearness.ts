/** How near files are to the documents that were worked in of late. */
import { dirname, sep } from "node:path";

/** Folders of documents that count as recent. */
const RECENT_FOLDERS = 4;

/** How near files are to one at `path`: 1 in its folder, less with each folder on the way. */
export function nearnessTo(path: string): (file: string) => number {
  const known = new Map<string, number>();
  const own = dirname(path).split(sep);
  return file => {
    const folder = dirname(file);
    let nearness = known.get(folder);
    if (nearness === undefined) {
      const other = folder.split(sep);
      let common = 0;
      while (common < own.length && own[common] === other[common]) common++;
      nearness = 1 / (1 + own.length + other.length - 2 * common);
      known.set(folder, nearness);
    }
    return nearness;
  };
}

/** The folders of the documents that were worked in last. */
export class RecentFolders {
  /** By folder, how near files are to it; the latest is the last. */
  private readonly folders = new Map<string, (file: string) => number>();
  private latest = "";

  /** Records that the document at `path` is worked in. True if its folder was not among the recent ones. */
  visit(path: string): boolean {
    const folder = dirname(path);
    if (folder === this.latest) return false;
    this.latest = folder;
    const known = this.folders.get(folder);
    this.folders.delete(folder);
    this.folders.set(folder, known ?? nearnessTo(path));
    const [oldest] = this.folders.keys();
    if (this.folders.size > RECENT_FOLDERS && oldest !== undefined) this.folders.delete(oldest);
    return known === undefined;
  }

  /** How near a file is to the nearest of these folders: 1 in one of them, 0 if there is none. */
  nearness(file: string): number {
    let nearest = 0;
    for (const nearness of this.folders.values()) nearest = Math.max(nearest, nearness(file));
    return nearest;
  }
}
