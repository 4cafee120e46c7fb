/**
 * Reads the modules of the workspace that a document imports, for outlines of what it uses of them. The imports and
 * definitions of files are kept until they change; the text of an open document takes precedence over its file.
 */
import { join } from "node:path";
import type { ContextFile } from "../prompt/index.ts";
import type { Node, Parser } from "../syntax/index.ts";
import { importStatements, languageOfFile, type ModuleLanguage, moduleLanguage } from "../syntax/index.ts";
import { withLineFeeds } from "../text/index.ts";
import { definitionFiles, type ModuleFile, type Using } from "./definitions.ts";
import { stampOf, statusOf } from "./fileStatus.ts";
import type { ShownFile, ShownFiles } from "./shownFiles.ts";

/** Larger files take too long to read and parse during a request: this size takes 50 ms, with short lines 200. */
const LARGEST_FILE_BYTES = 128 * 1024;
/** Number of files whose outlines are kept. */
const KEPT_FILES = 64;

export interface DefinitionDependencies {
  readonly files: ShownFiles;
  /** The parser of a language, if it is loaded; else it begins to load. */
  parser(languageId: string): Parser | undefined;
  /** The text of an open file; undefined for one that is not open, null for one that may not be read. */
  openText(file: ShownFile): string | null | undefined;
}

/** The means to read a file. */
interface Reading {
  readonly parser: Parser;
  readonly language: ModuleLanguage;
  /** Whether the time is up. */
  expired(): boolean;
}

interface KeptFile {
  /** Changes when the file does; the text itself for an open file. */
  readonly stamp: string;
  readonly file: ModuleFile | undefined;
}

interface ReadFile extends KeptFile {
  /** The language whose parser was not loaded yet. */
  readonly waitsFor?: string;
}

export interface ChosenDefinitions {
  readonly files: readonly ContextFile[];
  /** Whether the files that were read are unchanged. */
  isCurrent(): boolean;
}

export const NO_DEFINITIONS: ChosenDefinitions = { files: [], isCurrent: () => true };

export class Definitions {
  private readonly kept = new Map<string, KeptFile>();

  constructor(private readonly parts: DefinitionDependencies) {}

  /** The text's import statements: the choice of definitions depends only on them and on what is around the cursor. */
  imports(text: string, languageId: string): string {
    return this.parts.parser(languageId) ? importStatements(text, languageId) : "";
  }

  /** @param statements the document's import statements, as `imports` returns them @param expired whether the time is up */
  around(
    document: ShownFile,
    languageId: string,
    statements: string,
    using: Omit<Using, "path" | "imports">,
    expired: () => boolean,
  ): ChosenDefinitions {
    const parser = this.parts.parser(languageId);
    const language = moduleLanguage(languageId);
    if (!parser || !language || statements === "") return NO_DEFINITIONS;
    const { root, path: own } = document;
    const read = new Map<string, ReadFile>();
    const known = new Map<string, boolean>();
    const exists = (path: string) => {
      const answer = known.get(path) ?? statusOf(join(root, path))?.isFile() === true;
      known.set(path, answer);
      return answer;
    };
    // Circular re-exports can be followed in many ways: the deadline ends the search.
    const find = (module: string, from: string) =>
      expired() ? undefined : language.find(module, from, exists);
    const modules = {
      find,
      findWithin(module: string, name: string, from: string) {
        const inner = language.within(module, name);
        return inner === undefined ? undefined : find(inner, from);
      },
      read: (path: string) => {
        const earlier = read.get(path);
        // The document itself changes with each key, and the prompt already has its text.
        if (path === own || earlier || expired()) return earlier?.file;
        const file = { root, path };
        const itsLanguage = languageOfFile(path, languageId);
        const itsParser = this.parts.parser(itsLanguage);
        const found: ReadFile = itsParser
          ? this.read(file, { parser: itsParser, language, expired })
          : { stamp: this.stamp(file), file: undefined, waitsFor: itsLanguage };
        read.set(path, found);
        return found.file;
      },
    };
    const imports = parsed({ parser, expired }, statements, language.imports) ?? [];
    const files = definitionFiles({ ...using, path: own, imports }, modules, expired);
    const isCurrent = () =>
      [...read].every(
        ([path, { stamp, waitsFor }]) =>
          this.stamp({ root, path }) === stamp && !(waitsFor && this.parts.parser(waitsFor)),
      );
    return { files, isCurrent };
  }

  /** The text of an open document, the time and size of any other file; "" for one that may not be shown. */
  private stamp(file: ShownFile): string {
    const text = this.parts.openText(file);
    if (text !== undefined) return text ?? "";
    if (!this.parts.files.mayBeShown(file)) return "";
    return stampOf(join(file.root, file.path), LARGEST_FILE_BYTES);
  }

  private read(shown: ShownFile, reading: Reading): KeptFile {
    const path = join(shown.root, shown.path);
    const stamp = this.stamp(shown);
    const known = this.kept.get(path);
    this.kept.delete(path);
    const file = known?.stamp === stamp ? known.file : this.parse(shown, stamp, reading);
    const kept = { stamp, file };
    // A file that was not read in time may be read the next time.
    if (!file && reading.expired()) return kept;
    this.kept.set(path, kept);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_FILES) break;
      this.kept.delete(oldest);
    }
    return kept;
  }

  private parse(shown: ShownFile, stamp: string, reading: Reading): ModuleFile | undefined {
    const { files, openText } = this.parts;
    if (stamp === "") return undefined;
    const text = openText(shown) ?? files.read(shown, LARGEST_FILE_BYTES);
    if (text === undefined || text.length > LARGEST_FILE_BYTES) return undefined;
    const { language } = reading;
    return parsed(reading, withLineFeeds(text), root => ({
      imports: language.imports(root),
      definitions: language.definitions(root),
    }));
  }
}

function parsed<T>(
  { parser, expired }: Pick<Reading, "parser" | "expired">,
  text: string,
  read: (root: Node) => T,
): T | undefined {
  const tree = parser.parse(text, null, { progressCallback: expired });
  if (!tree) {
    // Without this the parser would continue with this text.
    parser.reset();
    return undefined;
  }
  try {
    return read(tree.rootNode);
  } finally {
    tree.delete();
  }
}
