/**
 * The open documents as context for each other. Files that hold secrets and files that git ignores are never
 * among them. What was chosen for a document stays while it is still good, so that its prompt keeps its
 * beginning.
 */
import { basename, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isGitIgnored } from "../datastores/sources/gitignore.ts";
import type { Documents } from "./documents.ts";
import { contextFiles, identifiersAround, LONGEST_TEXT, likeness, type OtherText } from "./prompt/context.ts";
import type { ContextFile } from "./prompt/prompt.ts";
import type { Snapshot } from "./prompt/snapshot.ts";

/** Most time a choice may take, in milliseconds. */
const CHOICE_MS = 150;
/** What was chosen stays while the identifiers around the cursor are this much the same. */
const SAME_PLACE = 0.6;

/** Names of files that hold secrets. */
const SECRET =
  /^(\.env(\..*)?|.*\.env|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|ppk)|id_(rsa|dsa|ecdsa|ed25519).*|\.npmrc|\.netrc|_netrc|\.pypirc|\.pgpass|\.htpasswd|\.git-credentials|.*credential.*|.*secret.*|known_hosts|authorized_keys)$/i;
/** Folders that do. */
const SECRET_FOLDER = /(^|\/)\.(ssh|aws|gnupg|kube|docker)\//i;

export const isSecret = (path: string) => SECRET.test(basename(path)) || SECRET_FOLDER.test(path);

interface Choice {
  readonly around: ReadonlySet<string>;
  /** `changed` of the latest text that was looked at. */
  readonly at: number;
  readonly files: readonly ContextFile[];
}

export class OpenFiles {
  /** The workspace's folders; their names are told to models that ask for a repository's. */
  roots: readonly string[] = [];
  /** Of each open document, what `shownPath` says of it. */
  private readonly paths = new Map<string, string | undefined>();
  private readonly texts = new Map<string, OtherText>();
  private readonly choices = new Map<string, Choice>();
  private changes = 0;

  constructor(documents: Pick<Documents, "watch">) {
    documents.watch(
      (uri, text) => this.changed(uri, text),
      uri => {
        this.texts.delete(uri);
        this.paths.delete(uri);
        this.choices.delete(uri);
      },
    );
  }

  get repository(): string | undefined {
    const [root] = this.roots;
    return root === undefined ? undefined : basename(root);
  }

  /** What to put before a document, in the order of `contextFiles`. */
  around({ uri, text, offset }: Snapshot): readonly ContextFile[] {
    const others = [...this.texts].filter(([other]) => other !== uri).map(([, other]) => other);
    const around = identifiersAround(text, offset);
    const at = Math.max(0, ...others.map(({ changed }) => changed));
    const known = this.choices.get(uri);
    if (known && known.at === at && likeness(known.around, around) >= SAME_PLACE) return known.files;
    const end = performance.now() + CHOICE_MS;
    const files = contextFiles(around, others, () => performance.now() > end);
    this.choices.set(uri, { around, at, files });
    return files;
  }

  private changed(uri: string, text: string): void {
    if (!this.paths.has(uri)) this.paths.set(uri, this.shownPath(uri));
    const path = this.paths.get(uri);
    const known = this.texts.get(uri);
    this.texts.delete(uri);
    if (path === undefined || text.length > LONGEST_TEXT) return;
    const editedLine = known ? firstChangedLine(known.text, text) : undefined;
    this.texts.set(uri, { path, text, changed: ++this.changes, editedLine });
  }

  /** The path a model may see of a document; undefined for one that it may not see. */
  private shownPath(uri: string): string | undefined {
    if (!uri.startsWith("file:")) return undefined;
    let path: string;
    try {
      path = fileURLToPath(uri);
    } catch {
      return undefined; // No file of this machine.
    }
    if (isSecret(path.split(sep).join("/"))) return undefined;
    const root = this.roots.find(each => path.startsWith(each + sep));
    if (root === undefined) return undefined;
    const inner = relative(root, path).split(sep).join("/");
    return isGitIgnored(root, inner) ? undefined : inner;
  }
}

function firstChangedLine(before: string, after: string): number {
  let index = 0;
  while (index < before.length && index < after.length && before[index] === after[index]) index++;
  return after.slice(0, index).split("\n").length - 1;
}
