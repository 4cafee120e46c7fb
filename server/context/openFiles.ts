/**
 * Other files as context for a document: parts of those that are open, and outlines of what it imports from the
 * workspace. Files that hold secrets and files that git ignores are never among them. What was chosen for a
 * document stays while it is still good, so that its prompt keeps its beginning.
 */
import { basename } from "node:path";
import type { DocumentChange, Documents } from "../lsp/index.ts";
import type { ContextFile } from "../prompt/index.ts";
import type { Snapshot } from "../text/index.ts";
import { contextFiles, identifiersAround, LONGEST_TEXT, likeness, type OtherText } from "./context.ts";
import {
  type ChosenDefinitions,
  type DefinitionDependencies,
  Definitions,
  NO_DEFINITIONS,
} from "./moduleReader.ts";
import { type ShownFile, shownFile } from "./shownFiles.ts";

/** Most time a choice may take, in milliseconds. */
const CHOICE_MS = 150;
/** What was chosen stays while the identifiers around the cursor are this much the same. */
const SAME_PLACE = 0.6;

interface Choice {
  readonly around: ReadonlySet<string>;
  /** `changed` of the latest text that was looked at. */
  readonly at: number;
  /** The document's import statements. */
  readonly imports: string;
  readonly definitions: ChosenDefinitions;
  readonly files: readonly ContextFile[];
}

export class OpenFiles {
  /** The workspace's folders; their names are given to models that ask for a repository's. */
  roots: readonly string[] = [];
  /** Of each open document, what a model may see of its name. */
  private readonly shown = new Map<string, ShownFile | undefined>();
  private readonly texts = new Map<string, OtherText>();
  private readonly choices = new Map<string, Choice>();
  private readonly definitions: Definitions;
  private changes = 0;

  /** @param parser of a language, if it is there by now */
  constructor(documents: Pick<Documents, "watch">, parser: DefinitionDependencies["parser"]) {
    this.definitions = new Definitions({ parser, openText: file => this.openText(file) });
    documents.watch(
      change => this.changed(change),
      uri => {
        this.texts.delete(uri);
        this.shown.delete(uri);
        this.choices.delete(uri);
      },
    );
  }

  get repository(): string | undefined {
    const [root] = this.roots;
    return root === undefined ? undefined : basename(root);
  }

  /** What to put before a document: outlines of what it imports, then parts of open ones as `contextFiles` orders them. */
  around(snapshot: Snapshot): readonly ContextFile[] {
    const { uri, text, offset, languageId } = snapshot;
    const others = [...this.texts].filter(([other]) => other !== uri).map(([, other]) => other);
    const around = identifiersAround(text, offset);
    const at = Math.max(0, ...others.map(({ changed }) => changed));
    const imports = text.length > LONGEST_TEXT ? "" : this.definitions.imports(text, languageId);
    const known = this.choices.get(uri);
    const isSame = known && known.at === at && known.imports === imports && known.definitions.isCurrent();
    if (isSame && likeness(known.around, around) >= SAME_PLACE) return known.files;
    const end = performance.now() + CHOICE_MS;
    const expired = () => performance.now() > end;
    const windows = contextFiles(around, others, expired);
    const definitions = this.definitionsFor(snapshot, imports, around, windows, expired);
    const files = [...definitions.files, ...windows];
    this.choices.set(uri, { around, at, imports, definitions, files });
    return files;
  }

  /** Outlines of what the document uses of its imports around the cursor, unless a window has it anyway. */
  private definitionsFor(
    { uri, text, offset, languageId }: Snapshot,
    imports: string,
    around: ReadonlySet<string>,
    windows: readonly ContextFile[],
    expired: () => boolean,
  ): ChosenDefinitions {
    const document = imports === "" ? undefined : this.shown.get(uri);
    if (!document) return NO_DEFINITIONS;
    const using = {
      around,
      distance(name: string) {
        const last = text.lastIndexOf(name, offset);
        return last < 0 ? text.length : offset - last;
      },
      isShown: (path: string, line: string) =>
        windows.some(window => window.path === path && `\n${window.text}\n`.includes(`\n${line}\n`)),
    };
    return this.definitions.around(document, languageId, imports, using, expired);
  }

  /** As `DefinitionDependencies` has it. */
  private openText({ root, path }: ShownFile): string | null | undefined {
    for (const [uri, shown] of this.shown)
      if (shown?.root === root && shown.path === path) return this.texts.get(uri)?.text ?? null;
    return undefined;
  }

  private changed({ uri, text, edit }: DocumentChange): void {
    if (!this.shown.has(uri)) this.shown.set(uri, shownFile(uri, this.roots));
    const path = this.shown.get(uri)?.path;
    this.texts.delete(uri);
    if (path === undefined || text.length > LONGEST_TEXT) return;
    this.texts.set(uri, { path, text, changed: ++this.changes, editedLine: edit?.line });
  }
}
