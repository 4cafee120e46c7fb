/**
 * Owners, repositories and contents that must not be in a datastore, because their authors said so.
 *
 * BigCode applies opt-outs by lower-cased login of the owner; a row of The Stack v1 names up to three repositories with the
 * same text, and it is denied if one of them is. The same list is used when a store is built and, as tombstones, when one is
 * searched.
 */
import { createHash } from "node:crypto";
import { codeOf, messageOf, readNamed, type SourceDocument, StoreError } from "../index.ts";

/** The fields that a list checks; the text is needed only for hashes that are not the source's own. */
type DenySubject = Pick<SourceDocument, "repositories" | "contentId"> & { readonly text?: string };

const OWNER = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?$/;
const REPOSITORY = /^[a-z0-9._-]+\/[a-z0-9._-]+$/;
const SHA1 = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const REMEDY =
  "Write one entry per line: OWNER, OWNER/REPOSITORY, or the sha1 (git blob) or sha256 of a file's text.";

export class DenyList {
  /** sha256 over the entries, in hex: equal for lists with equal entries. */
  readonly version: string;

  private constructor(private readonly entries: ReadonlySet<string>) {
    this.version = createHash("sha256")
      .update([...entries].sort().join("\n"))
      .digest("hex");
  }

  static readonly empty = new DenyList(new Set());

  get size(): number {
    return this.entries.size;
  }

  /**
   * Reads a list: one entry a line, `#` begins a comment, blank lines and letter case do not matter.
   * Throws `StoreError` of code `schema` with the line's number for an invalid line.
   * @param name the file, for messages
   */
  static parse(text: string, name: string): DenyList {
    const entries = new Set<string>();
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      // This also removes a byte order mark.
      const entry = line.replace(/#.*$/, "").trim().toLowerCase();
      if (entry === "") continue;
      if (!OWNER.test(entry) && !REPOSITORY.test(entry)) {
        const message = `${name}, line ${index + 1}: "${line.trim()}" is not a valid entry of a deny list.`;
        throw new StoreError({ code: "schema", message, remedy: REMEDY });
      }
      entries.add(entry);
    }
    return new DenyList(entries);
  }

  /** Reads a list from a file. Throws `StoreError`: `missing`, `unreadable`, `schema`. */
  static read(path: string): DenyList {
    let text: string;
    try {
      text = readNamed(path).toString();
    } catch (error) {
      const [code, message] = [codeOf(error), messageOf(error)];
      const problem =
        code === "ENOENT"
          ? ({ code: "missing", message: `There is no deny list ${path}.` } as const)
          : ({ code: "unreadable", message: `The deny list ${path} cannot be read: ${message}.` } as const);
      throw new StoreError({ ...problem, remedy: "Check the path." }, { cause: error });
    }
    return DenyList.parse(text, path);
  }

  /** A list of what this list or the other one forbids. */
  with(other: DenyList): DenyList {
    return new DenyList(new Set([...this.entries, ...other.entries]));
  }

  /** The entry that forbids the document; undefined if none does. */
  matches(document: DenySubject): string | undefined {
    if (this.entries.size === 0) return undefined;
    for (const name of document.repositories) {
      const repository = name.toLowerCase();
      if (this.entries.has(repository)) return repository;
      const owner = repository.split("/", 1)[0];
      if (this.entries.has(owner)) return owner;
    }
    const id = document.contentId.toLowerCase();
    if (isHash(id) && this.entries.has(id)) return id;
    return document.text === undefined ? undefined : this.matchesText(document.text);
  }

  private matchesText(text: string): string | undefined {
    if (!this.hasHashes) return undefined;
    const bytes = Buffer.from(text, "utf8");
    const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    if (this.entries.has(blob)) return blob;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return this.entries.has(sha256) ? sha256 : undefined;
  }

  private get hasHashes(): boolean {
    this.foundHashes ??= [...this.entries].some(isHash);
    return this.foundHashes;
  }

  private foundHashes: boolean | undefined;
}

/** No login is as long as a hash, so the two cannot be confused. */
function isHash(entry: string): boolean {
  return SHA1.test(entry) || SHA256.test(entry);
}
