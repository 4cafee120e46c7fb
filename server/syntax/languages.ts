/** What must be known of a language to find where its statements end. Ids are those of LSP. */

export interface LanguageRules {
  /** File of the grammar, without extension. */
  readonly grammar: string;
  /** Whether blocks are made by indentation; else by braces. */
  readonly indented: boolean;
  readonly lineComment: string;
  readonly blockComment: readonly [open: string, close: string] | undefined;
  /** Quotes of strings that end with their line. */
  readonly quotes: string;
  /** Quotes of strings that may span lines, the longest first. */
  readonly longQuotes: readonly string[];
  /** Whether a single quote may also begin a lifetime, which nothing closes. */
  readonly lifetimes: boolean;
  /** Whether a slash begins a regular expression where no operator can stand. */
  readonly regularExpressions: boolean;
  /** Words that go on with a statement which is whole as it stands, such as `else`. */
  readonly clauses: readonly string[];
  /** Whether an expression may go on in the next line, which then begins with an operator or a dot. */
  readonly chained: boolean;
}

const C_LIKE = {
  indented: false,
  lineComment: "//",
  blockComment: ["/*", "*/"],
  quotes: "\"'",
  longQuotes: [],
  lifetimes: false,
  regularExpressions: false,
  clauses: ["else"],
  chained: true,
} as const;

const SCRIPT = {
  ...C_LIKE,
  longQuotes: ["`"],
  regularExpressions: true,
  clauses: ["else", "catch", "finally"],
} as const;

const CPP: LanguageRules = { ...C_LIKE, grammar: "tree-sitter-cpp", clauses: ["else", "catch"] };

export const LANGUAGES: Readonly<Record<string, LanguageRules>> = {
  python: {
    grammar: "tree-sitter-python",
    indented: true,
    lineComment: "#",
    blockComment: undefined,
    quotes: "\"'",
    longQuotes: ['"""', "'''"],
    lifetimes: false,
    regularExpressions: false,
    clauses: ["elif", "else", "except", "finally", "case"],
    chained: false,
  },
  javascript: { ...SCRIPT, grammar: "tree-sitter-javascript" },
  javascriptreact: { ...SCRIPT, grammar: "tree-sitter-javascript" },
  typescript: { ...SCRIPT, grammar: "tree-sitter-typescript" },
  typescriptreact: { ...SCRIPT, grammar: "tree-sitter-tsx" },
  go: { ...C_LIKE, grammar: "tree-sitter-go", longQuotes: ["`"], chained: false },
  rust: { ...C_LIKE, grammar: "tree-sitter-rust", quotes: "", longQuotes: ['"'], lifetimes: true },
  java: {
    ...C_LIKE,
    grammar: "tree-sitter-java",
    longQuotes: ['"""'],
    clauses: ["else", "catch", "finally"],
  },
  // The grammar of C++ reads C as well.
  c: CPP,
  cpp: CPP,
};
