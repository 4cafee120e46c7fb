/** Grammars of languages, loaded when first asked for, away from any completion's time. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Language, Parser } from "web-tree-sitter";
import { languageRules } from "./languages.ts";

/** The parser's own module lies beside the grammars. */
const RUNTIME = "web-tree-sitter.wasm";

/** Memory of the parsers is freed with the process: a server keeps those of the languages it has met. */
export class Grammars {
  private readonly parsers = new Map<string, Parser>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly settled = new Set<string>();
  private runtime: Promise<void> | undefined;

  /** @param directory folder of the .wasm files @param warn is called with what could not be loaded */
  constructor(
    private readonly directory: string,
    private readonly warn: (message: string) => void = () => {},
  ) {}

  /** The parser of a language, if it is there by now. */
  parser(languageId: string): Parser | undefined {
    return this.parsers.get(languageRules(languageId).grammar ?? "");
  }

  /** The same; where it is not there it begins to load. */
  wanted(languageId: string): Parser | undefined {
    this.prepare(languageId);
    return this.parser(languageId);
  }

  /** Whether what `parser` says of a language is final. */
  isSettled(languageId: string): boolean {
    const grammar = languageRules(languageId).grammar;
    return grammar === undefined || this.settled.has(grammar);
  }

  /** Loads the parser of a language, once. Resolves when it is there, or is known not to be had. */
  load(languageId: string): Promise<void> {
    const grammar = languageRules(languageId).grammar;
    if (grammar === undefined) return Promise.resolve();
    const known = this.loading.get(grammar);
    if (known) return known;
    const loading = this.fetch(grammar)
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.warn(
          `Completions in ${languageId} end by indentation alone: ${grammar} did not load: ${message}`,
        );
      })
      .then(() => {
        this.settled.add(grammar);
      });
    this.loading.set(grammar, loading);
    return loading;
  }

  /** Begins to load the parser of a language, if that has not been done. */
  prepare(languageId: string): void {
    // What goes wrong is reported by `load` itself.
    this.load(languageId).catch(() => {});
  }

  private async fetch(grammar: string): Promise<void> {
    this.runtime ??= Parser.init({ locateFile: () => join(this.directory, RUNTIME) });
    await this.runtime;
    const language = await Language.load(await readFile(join(this.directory, `${grammar}.wasm`)));
    this.parsers.set(grammar, new Parser().setLanguage(language));
  }
}
