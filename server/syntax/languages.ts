/** The facts about a language that are needed to find the ends of its statements. Ids are those of LSP. */
import type { Lexicon } from "./lexicon.ts";
import { GENERIC, LEXICONS } from "./lexicons.ts";

export interface LanguageRules {
  /** File of the grammar, without extension; absent if no grammar is shipped. */
  readonly grammar?: string;
  readonly lexicon: Lexicon;
  /** Whether indentation forms blocks; else braces or words do. */
  readonly indented: boolean;
  /** How a line ends that opens a block which must be indented; empty if there is no such line. */
  readonly header: string;
  /** White space for indentation that the language requires, whatever the document does. */
  readonly indentation?: "tabs" | "spaces";
  /** Words that continue a statement which is already complete, such as `else`. */
  readonly clauses: readonly string[];
  /** Words that end a statement with clauses; absent where braces or indentation do. */
  readonly ends?: readonly string[];
  /** Whether an expression may continue in the next line, which then begins with an operator or a dot. */
  readonly chained: boolean;
}

type Known = Omit<LanguageRules, "lexicon">;

const BRACES: Known = { indented: false, header: "", clauses: ["else"], chained: true };
const WITH_CATCH: Known = { ...BRACES, clauses: ["else", "catch", "finally"] };
const SCRIPT: Known = { ...WITH_CATCH, grammar: "tree-sitter-javascript" };
const CPP: Known = { ...BRACES, grammar: "tree-sitter-cpp", clauses: ["else", "catch"] };
const INDENTED: Known = { indented: true, header: ":", clauses: [], chained: false };
const WORDS: Known = { indented: false, header: "", clauses: ["else"], ends: ["end"], chained: false };
const SHELL_ENDS = ["fi", "done", "esac"];
const SHELL: Known = { ...WORDS, clauses: ["then", "else", "elif", "do"], ends: SHELL_ENDS };
const PASCAL: Known = { ...WORDS, clauses: ["begin", "else", "except", "finally"], ends: ["end", "until"] };
const VERILOG_ENDS = [
  "end",
  "endmodule",
  "endcase",
  "endfunction",
  "endtask",
  "endgenerate",
  "endclass",
  "join",
];
const CMAKE_ENDS = ["endif", "endforeach", "endwhile", "endfunction", "endmacro", "endblock"];

const KNOWN: Readonly<Record<string, Known>> = {
  python: {
    ...INDENTED,
    grammar: "tree-sitter-python",
    clauses: ["elif", "else", "except", "finally", "case"],
  },
  javascript: SCRIPT,
  javascriptreact: SCRIPT,
  typescript: { ...SCRIPT, grammar: "tree-sitter-typescript" },
  typescriptreact: { ...SCRIPT, grammar: "tree-sitter-tsx" },
  go: { ...BRACES, grammar: "tree-sitter-go", chained: false, indentation: "tabs" },
  rust: { ...BRACES, grammar: "tree-sitter-rust" },
  java: { ...WITH_CATCH, grammar: "tree-sitter-java" },
  // The grammar of C++ reads C as well.
  c: CPP,
  cpp: CPP,
  csharp: WITH_CATCH,
  kotlin: WITH_CATCH,
  scala: WITH_CATCH,
  groovy: WITH_CATCH,
  dart: WITH_CATCH,
  swift: { ...BRACES, clauses: ["else", "catch"] },
  php: { ...WITH_CATCH, clauses: ["else", "elseif", "catch", "finally"] },
  ruby: { ...WORDS, clauses: ["else", "elsif", "when", "rescue", "ensure"] },
  crystal: { ...WORDS, clauses: ["else", "elsif", "when", "in", "rescue", "ensure"] },
  julia: { ...WORDS, clauses: ["else", "elseif", "catch", "finally"] },
  matlab: { ...WORDS, clauses: ["else", "elseif", "case", "otherwise", "catch"] },
  erlang: { ...WORDS, clauses: ["of", "after", "catch", "else"] },
  verilog: { ...WORDS, ends: VERILOG_ENDS },
  systemverilog: { ...WORDS, ends: VERILOG_ENDS },
  vhdl: { ...WORDS, clauses: ["begin", "else", "elsif", "when"] },
  ada: { ...WORDS, clauses: ["begin", "else", "elsif", "when", "exception"] },
  pascal: PASCAL,
  objectpascal: PASCAL,
  ocaml: { ...WORDS, ends: ["end", "done"] },
  cmake: { ...WORDS, clauses: ["else", "elseif"], ends: CMAKE_ENDS },
  elixir: { ...WORDS, clauses: ["else", "rescue", "after", "catch"] },
  lua: { ...WORDS, clauses: ["else", "elseif"], ends: ["until", "end"] },
  shellscript: SHELL,
  dockerfile: SHELL,
  // Its strings contain scripts of the shell.
  nix: { ...BRACES, clauses: [...SHELL.clauses, "in"], ends: SHELL_ENDS },
  yaml: { ...INDENTED, header: "", indentation: "spaces" },
  dockercompose: { ...INDENTED, header: "", indentation: "spaces" },
  gdscript: { ...INDENTED, clauses: ["elif", "else"] },
  nim: { ...INDENTED, clauses: ["elif", "else", "except", "finally", "of"] },
  makefile: {
    ...INDENTED,
    header: "",
    indentation: "tabs",
    clauses: SHELL.clauses,
    ends: [...SHELL_ENDS, "endif", "endef"],
  },
};

/** The languages with known rules. */
const LANGUAGES: ReadonlyMap<string, LanguageRules> = new Map(
  Object.entries(LEXICONS).map(([id, lexicon]) => [id, { ...(KNOWN[id] ?? BRACES), lexicon }]),
);

/** For unknown languages: brackets and indentation. */
const UNKNOWN: LanguageRules = { ...BRACES, lexicon: GENERIC };

/** The rules of a language. */
export const languageRules = (languageId: string): LanguageRules => LANGUAGES.get(languageId) ?? UNKNOWN;
