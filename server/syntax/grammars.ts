/** Grammars of languages, loaded at first use and not during a completion. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Language, Parser } from "web-tree-sitter";
import { languageRules } from "./languages.ts";

/** The parser's own module is in the grammars' folder. */
const RUNTIME = "web-tree-sitter.wasm";

/** The parsers' memory is only freed with the process: a server keeps those of all languages it has seen. */
export class Grammars {
  private readonly parsers = new Map<string, Parser>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly settled = new Set<string>();
  private runtime: Promise<void> | undefined;

  /** @param directory folder of the .wasm files @param warn called with what could not be loaded */
  constructor(
    private readonly directory: string,
    private readonly warn: (message: string) => void = () => {},
  ) {}

  /** The parser of a language, if it is loaded. */
  parser(languageId: string): Parser | undefined {
    return this.parsers.get(languageRules(languageId).grammar ?? "");
  }

  /** The same; starts loading the parser if it is not loaded. */
  wanted(languageId: string): Parser | undefined {
    this.prepare(languageId);
    return this.parser(languageId);
  }

  /** Whether the result of `parser` for a language is final. */
  isSettled(languageId: string): boolean {
    const grammar = languageRules(languageId).grammar;
    return grammar === undefined || this.settled.has(grammar);
  }

  /** Loads the parser of a language, once. Resolves when it is loaded or known to be unavailable. */
  load(languageId: string): Promise<void> {
    const grammar = languageRules(languageId).grammar;
    if (grammar === undefined) return Promise.resolve();
    const known = this.loading.get(grammar);
    if (known) return known;
    const loading = this.fetch(grammar)
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.warn(
          `Completions in ${languageId} end by indentation only: ${grammar} did not load: ${message}`,
        );
      })
      .then(() => {
        this.settled.add(grammar);
      });
    this.loading.set(grammar, loading);
    return loading;
  }

  /** Starts loading the parser of a language, if that has not been done. */
  prepare(languageId: string): void {
    // `load` itself reports errors.
    this.load(languageId).catch(() => {});
  }

  private async fetch(grammar: string): Promise<void> {
    this.runtime ??= Parser.init({ locateFile: () => join(this.directory, RUNTIME) });
    await this.runtime;
    const language = await Language.load(await readFile(join(this.directory, `${grammar}.wasm`)));
    this.parsers.set(grammar, new Parser().setLanguage(language));
  }
}
