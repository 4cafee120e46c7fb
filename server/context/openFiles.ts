/**
 * Other files as context for a document: parts of open files, and outlines of what the document imports from the workspace.
 * Files that hold secrets and files that git ignores are never used. A document's choice is kept as long as it still fits, so
 * that its prompt keeps its prefix.
 */
import { basename } from "node:path";
import { holdsSecret } from "../../datastores/sources/index.ts";
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
import { type ShownFile, ShownFiles } from "./shownFiles.ts";

/** Most time a choice may take, in milliseconds. */
const CHOICE_MS = 150;
/** A choice is kept while the identifiers around the cursor are at least this similar. */
const SAME_PLACE = 0.6;

interface Choice {
  readonly around: ReadonlySet<string>;
  /** `changed` of the latest text that was examined. */
  readonly at: number;
  /** The other documents that may be shown. */
  readonly shown: string;
  /** The document's import statements. */
  readonly imports: string;
  readonly definitions: ChosenDefinitions;
  readonly files: readonly ContextFile[];
}

export class OpenFiles {
  /** The open documents, each with its file if that belongs to the workspace. */
  private readonly open = new Map<string, ShownFile | undefined>();
  private readonly texts = new Map<string, OtherText>();
  /** Texts that were searched for secrets, and whether each holds one. */
  private readonly searched = new WeakMap<OtherText, boolean>();
  private readonly choices = new Map<string, Choice>();
  private readonly definitions: Definitions;
  private changes = 0;
  /** The workspace's folders when the files of the open documents were found. */
  private folders: readonly string[] = [];

  /**
   * @param parser the parser of a language, if it is loaded @param files decides which files may be shown
   * @param choiceMs most time a choice may take
   */
  constructor(
    documents: Pick<Documents, "watch">,
    parser: DefinitionDependencies["parser"],
    private readonly files = new ShownFiles(() => {}),
    private readonly choiceMs = CHOICE_MS,
  ) {
    this.definitions = new Definitions({ files, parser, openText: file => this.openText(file) });
    documents.watch(
      change => this.changed(change),
      uri => {
        this.texts.delete(uri);
        this.open.delete(uri);
        this.choices.delete(uri);
      },
    );
  }

  /** The workspace's folders; the name of the first is given to models whose prompts name the repository. */
  get roots(): readonly string[] {
    return this.files.roots;
  }

  set roots(paths: readonly string[]) {
    this.files.roots = paths;
  }

  get repository(): string | undefined {
    const [root] = this.roots;
    return root === undefined || !this.files.trusted ? undefined : basename(root);
  }

  /**
   * What to put before a document, or before a whole notebook (`asOneText`): outlines of what it imports, then
   * parts of open files in the order of `contextFiles`.
   */
  around(snapshot: Snapshot): readonly ContextFile[] {
    const { uri, text, offset, languageId } = snapshot;
    this.followFolders();
    const shownUris = [...this.texts.keys()].filter(other => other !== uri && this.mayBeShown(other));
    const others = shownUris.flatMap(other => this.texts.get(other) ?? []);
    const shown = shownUris.join("\n");
    const around = identifiersAround(text, offset);
    const at = Math.max(0, ...others.map(({ changed }) => changed));
    const imports = text.length > LONGEST_TEXT ? "" : this.definitions.imports(text, languageId);
    const known = this.choices.get(uri);
    const isSame =
      known?.at === at && known.shown === shown && known.imports === imports && known.definitions.isCurrent();
    if (isSame && likeness(known.around, around) >= SAME_PLACE) return known.files;
    const end = performance.now() + this.choiceMs;
    const expired = () => performance.now() > end;
    const windows = contextFiles(around, others, expired);
    const definitions = this.definitionsFor(snapshot, imports, around, windows, expired);
    const files = [...definitions.files, ...windows];
    this.choices.set(uri, { around, at, shown, imports, definitions, files });
    return files;
  }

  /** Outlines of the imported names that the document uses around the cursor, unless a window shows them already. */
  private definitionsFor(
    { uri, text, offset, languageId, notebook }: Snapshot,
    imports: string,
    around: ReadonlySet<string>,
    windows: readonly ContextFile[],
    expired: () => boolean,
  ): ChosenDefinitions {
    const file = this.files.fileOf(uri) ?? (notebook && this.files.fileOf(notebook.uri));
    const document = imports === "" ? undefined : file;
    if (!document || !this.files.mayBeShown(document)) return NO_DEFINITIONS;
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

  /** See `DefinitionDependencies`. */
  private openText({ root, path }: ShownFile): string | null | undefined {
    for (const [uri, file] of this.open)
      if (file?.root === root && file.path === path)
        return this.mayBeShown(uri) ? (this.texts.get(uri)?.text ?? null) : null;
    return undefined;
  }

  private mayBeShown(uri: string): boolean {
    const [file, text] = [this.open.get(uri), this.texts.get(uri)];
    if (!file || !text || !this.files.mayBeShown(file)) return false;
    const found = this.searched.get(text) ?? holdsSecret(text.text);
    this.searched.set(text, found);
    return !found;
  }

  /** Finds the files of the open documents again once the workspace's folders have changed. */
  private followFolders(): void {
    if (this.folders === this.roots) return;
    this.folders = this.roots;
    this.choices.clear();
    for (const uri of this.open.keys()) {
      const file = this.files.fileOf(uri);
      const text = this.texts.get(uri);
      this.open.set(uri, file);
      if (text) this.texts.set(uri, { ...text, path: pathOf(file) });
    }
  }

  private changed({ uri, text, edit }: DocumentChange): void {
    const file = this.files.fileOf(uri);
    this.open.set(uri, file);
    this.texts.delete(uri);
    if (text.length > LONGEST_TEXT) return;
    const path = pathOf(file);
    this.texts.set(uri, { path, text, changed: ++this.changes, editedLine: edit?.line });
  }
}

/** The path that a model may see; empty for a document outside of the workspace, which is not shown. */
const pathOf = (file: ShownFile | undefined): string => file?.path ?? "";
