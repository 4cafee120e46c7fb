/** How languages write strings and comments, for the scanner of brackets. Ids are those of LSP. */

/** A kind of string literal. */
export interface StringRule {
  readonly open: string;
  readonly close: string;
  /** Whether it may span lines; others end with their line. */
  readonly long: boolean;
  /** How `close` is written within the string. */
  readonly escape: "backslash" | "backtick" | "doubled" | "none";
  /** What must come right before `open`; absent: anything. */
  readonly after?: RegExp;
  /** The start and end of expressions within the string. */
  readonly interpolation?: readonly (readonly [open: string, close: string])[];
  /** Whether `close` ends it only where it is the first word of a line. */
  readonly endsByLine?: boolean;
  /** Whether it begins only within brackets, as in the expressions of markup. */
  readonly inBrackets?: boolean;
  /** Whether it contains `open` and `close` in pairs. */
  readonly nested?: boolean;
  /** Whether a doubled opening stands for the opening itself. */
  readonly doubledOpening?: boolean;
}

export interface Lexicon {
  /** The first match counts. */
  readonly strings: readonly StringRule[];
  readonly lineComments: readonly string[];
  readonly blockComment?: readonly [open: string, close: string];
  /** Whether block comments are nested. */
  readonly nestedComments?: boolean;
  /** Whether a line comment begins only after a blank or at the start of a line. */
  readonly spacedComments?: boolean;
  /** Whether brackets come in pairs; they do not in prose. */
  readonly brackets: boolean;
  /** Whether a single quote may begin a lifetime, which has no closing quote, beside a character. */
  readonly lifetimes?: boolean;
  /** Whether a slash begins a regular expression in places where no operator is possible. */
  readonly regularExpressions?: boolean;
  /** The character that escapes the one after it, outside of strings. */
  readonly escapedBy?: "\\" | "`";
  /** The mark of a here-document, which begins in the next line and ends with the line that is its second group; sticky. */
  readonly hereDocument?: RegExp;
  /** The line before a plain text, which ends before the first line that is no deeper than its first group is long. */
  readonly blockScalar?: RegExp;
  /** Closers that may also appear without an opener, as in a shell's `case`. */
  readonly looseClosers?: string;
}

const quoted = (quote: string, more: Partial<StringRule> = {}): StringRule => ({
  open: quote,
  close: quote,
  long: false,
  escape: "backslash",
  ...more,
});

/** A string of any lines in which nothing is escaped. */
const raw = (open: string, close: string): StringRule => quoted(open, { close, long: true, escape: "none" });

/** Strings between brackets, which they may contain in pairs, or between equal marks, after what `after` matches. */
const delimited = (after: RegExp, more: Partial<StringRule> = {}): StringRule[] => [
  ...(["()", "[]", "{}", "<>"] as const).map(pair =>
    quoted(pair.charAt(0), { close: pair.charAt(1), long: true, nested: true, after, ...more }),
  ),
  ...["|", "!", "/"].map(mark => quoted(mark, { long: true, after, ...more })),
];

const DOUBLE = quoted('"');
const SINGLE = quoted("'");
const TRIPLE = quoted('"""', { long: true });
/** What comes before a quote that does not stand within a word, as an apostrophe, a digit separator or a prime does. */
const NO_WORD = { after: /(^|\W)$/ } as const;
const EXPANSION = {
  interpolation: [
    ["${", "}"],
    ["$(", ")"],
  ],
} as const;
const CHARACTER = quoted("'", NO_WORD);
const DOLLAR_BRACES = { interpolation: [["${", "}"]] } as const;
const HASH_BRACES = { interpolation: [["#{", "}"]] } as const;

/** A bare mark in small letters looks like a shift, unless it stands after a blank or a bracket; `<<self` opens a class. */
const HERE_DOCUMENT = /<<(?:[-~]|(?=["'`]?[A-Z_])|(?<=[\s(,=]<<)(?!self\b))(["'`]?)([A-Za-z_]\w*)\1/y;
/** Within doubled parentheses it is a shift. */
const SHELL_HERE_DOCUMENT = /(?<!\(\((?:(?!\)\)).)*)<<-?[ \t]*(["']?)(\w+)\1/y;

const C_COMMENTS = { lineComments: ["//"], blockComment: ["/*", "*/"], brackets: true } as const;
const NESTED_C_COMMENTS = { ...C_COMMENTS, nestedComments: true } as const;
const HASH_COMMENTS = { lineComments: ["#"], brackets: true } as const;

const C: Lexicon = {
  ...C_COMMENTS,
  strings: [raw('R"(', ')"'), DOUBLE, CHARACTER],
};

/** Python's formatted strings: expressions in single braces, a doubled brace for the brace itself. */
const FORMATTED = {
  after: /(^|\W)([rR]?[fF]|[fF][rR])$/,
  interpolation: [["{", "}"]],
  doubledOpening: true,
} as const;
const pythonQuotes = ['"""', "'''", '"', "'"];
const PYTHON: Lexicon = {
  ...HASH_COMMENTS,
  strings: pythonQuotes.flatMap(quote => [
    quoted(quote, { long: quote.length > 1, ...FORMATTED }),
    quoted(quote, { long: quote.length > 1 }),
  ]),
};

/** JavaScript, TypeScript and their relatives with markup. */
const SCRIPT: Lexicon = {
  ...C_COMMENTS,
  // A quote within a word is an apostrophe in the text of an element.
  strings: [DOUBLE, CHARACTER, quoted("`", { long: true, ...DOLLAR_BRACES })],
  regularExpressions: true,
};

const CSHARP_HOLES = { interpolation: [["{", "}"]], doubledOpening: true } as const;
const CSHARP: Lexicon = {
  ...C_COMMENTS,
  strings: [
    quoted('"""', { long: true, escape: "none", after: /\$$/, ...CSHARP_HOLES }),
    raw('"""', '"""'),
    quoted('"', { long: true, escape: "doubled", after: /(\$@|@\$)$/, ...CSHARP_HOLES }),
    quoted('"', { long: true, escape: "doubled", after: /@$/ }),
    quoted('"', { after: /\$$/, ...CSHARP_HOLES }),
    DOUBLE,
    CHARACTER,
  ],
};

const KOTLIN: Lexicon = {
  ...NESTED_C_COMMENTS,
  strings: [
    quoted('"""', { long: true, escape: "none", ...DOLLAR_BRACES }),
    quoted('"', DOLLAR_BRACES),
    CHARACTER,
  ],
};
const GROOVY: Lexicon = {
  ...C_COMMENTS,
  strings: [quoted('"""', { long: true, ...DOLLAR_BRACES }), quoted('"', DOLLAR_BRACES), SINGLE],
};
const DART: Lexicon = {
  ...NESTED_C_COMMENTS,
  strings: ['"""', "'''", '"', "'"].map(quote => quoted(quote, { long: quote.length > 1, ...DOLLAR_BRACES })),
};
const SWIFT_HOLES = { interpolation: [["\\(", ")"]] } as const;
const SWIFT: Lexicon = {
  ...NESTED_C_COMMENTS,
  strings: [quoted('"""', { long: true, ...SWIFT_HOLES }), quoted('"', SWIFT_HOLES)],
};
const PHP: Lexicon = {
  ...C_COMMENTS,
  lineComments: ["//", "# "],
  hereDocument: /<<<[ \t]*(["']?)(\w+)\1/y,
  strings: [
    quoted('"', {
      long: true,
      interpolation: [
        ["{$", "}"],
        ["${", "}"],
      ],
    }),
    // The text between blocks of PHP has apostrophes.
    quoted("'", { long: true, ...NO_WORD }),
  ],
};
/** A percent sign with a letter, or one where no operator is possible. */
const RUBY_LITERALS = [
  ...delimited(/(^|[^\w)\]}])%[QWIrx]$|(^|[=(,[{|]\s?)%$/, HASH_BRACES),
  ...delimited(/(^|[^\w)\]}])%[qwis]$/),
];
const RUBY: Lexicon = {
  ...HASH_COMMENTS,
  spacedComments: true,
  hereDocument: HERE_DOCUMENT,
  strings: [...RUBY_LITERALS, quoted('"', HASH_BRACES), SINGLE, quoted("`", HASH_BRACES)],
  regularExpressions: true,
};
const ELIXIR: Lexicon = {
  ...HASH_COMMENTS,
  strings: [
    ...delimited(/~[a-z]$/, HASH_BRACES),
    ...delimited(/~[A-Z]$/, { escape: "none" }),
    quoted('"""', { long: true, ...HASH_BRACES }),
    quoted('"', HASH_BRACES),
    CHARACTER,
  ],
};
const SHELL: Lexicon = {
  ...HASH_COMMENTS,
  spacedComments: true,
  escapedBy: "\\",
  looseClosers: ")",
  hereDocument: SHELL_HERE_DOCUMENT,
  strings: [
    quoted('"', { long: true, ...EXPANSION }),
    quoted("'", { long: true, escape: "none", ...NO_WORD }),
  ],
};
const POWERSHELL: Lexicon = {
  ...HASH_COMMENTS,
  blockComment: ["<#", "#>"],
  escapedBy: "`",
  strings: [
    quoted('@"', { close: '"@', long: true, escape: "none", interpolation: [["$(", ")"]] }),
    raw("@'", "'@"),
    quoted('"', { long: true, escape: "backtick", interpolation: [["$(", ")"]] }),
    quoted("'", { long: true, escape: "doubled" }),
  ],
};
const SQL: Lexicon = {
  lineComments: ["--"],
  blockComment: ["/*", "*/"],
  brackets: true,
  strings: [quoted("'", { long: true, escape: "doubled" }), quoted('"', { escape: "doubled" })],
};
const LUA: Lexicon = {
  lineComments: ["--"],
  blockComment: ["--[[", "]]"],
  brackets: true,
  strings: [...["", "=", "=="].map(level => raw(`[${level}[`, `]${level}]`)), DOUBLE, SINGLE],
};
/** A quote begins a scalar only where a value begins. */
const VALUE = { after: /(^|[\s[{(,:=-])$/ } as const;
const BLOCK_SCALAR =
  /^(?=(\s*(?:-\s+)*)[^\s|>!&#]).*[:?-]\s+(?:[!&]\S+\s+)*[|>](?:[1-9][+-]?|[+-][1-9]?)?(?:\s+#.*)?\s*$/;
const YAML: Lexicon = {
  ...HASH_COMMENTS,
  spacedComments: true,
  blockScalar: BLOCK_SCALAR,
  strings: [quoted('"', { ...VALUE, long: true }), quoted("'", { ...VALUE, long: true, escape: "doubled" })],
};
const TOML: Lexicon = {
  ...HASH_COMMENTS,
  strings: [TRIPLE, raw("'''", "'''"), DOUBLE, quoted("'", { escape: "none" })],
};
const ATTRIBUTE = { after: /=$/, long: true, escape: "none" } as const;
const MARKUP: Lexicon = {
  lineComments: [],
  blockComment: ["<!--", "-->"],
  brackets: false,
  strings: [quoted('"', ATTRIBUTE), quoted("'", ATTRIBUTE)],
};
/** Expressions within markup; text of elements has quotes, slashes and addresses. */
const SCRIPT_IN_MARKUP: Lexicon = {
  ...SCRIPT,
  blockComment: ["<!--", "-->"],
  lineComments: [],
  strings: [...SCRIPT.strings.map(rule => ({ ...rule, inBrackets: true })), ...MARKUP.strings],
  regularExpressions: false,
};
const HASKELL: Lexicon = {
  lineComments: ["--"],
  blockComment: ["{-", "-}"],
  nestedComments: true,
  brackets: true,
  strings: [DOUBLE, CHARACTER],
};
const LISP: Lexicon = {
  lineComments: [";"],
  brackets: true,
  escapedBy: "\\",
  strings: [quoted('"', { long: true })],
};
const HASH: Lexicon = { ...HASH_COMMENTS, strings: [TRIPLE, DOUBLE, CHARACTER] };
const RUST: Lexicon = {
  ...NESTED_C_COMMENTS,
  strings: [
    ...["##", "#", ""].map(hashes => ({ ...raw(`${hashes}"`, `"${hashes}`), after: /(^|\W)[bc]?r$/ })),
    quoted('"', { long: true }),
  ],
  lifetimes: true,
};

const PROSE: Lexicon = { lineComments: [], brackets: false, strings: [] };
/** For unknown languages: brackets and quotes as most languages write them. */
export const GENERIC: Lexicon = { lineComments: [], brackets: true, strings: [DOUBLE, CHARACTER] };

const CSS: Lexicon = {
  blockComment: ["/*", "*/"],
  lineComments: [],
  brackets: true,
  strings: [DOUBLE, SINGLE],
};
/** An address such as `url(https://example.org)` is no comment. */
const NESTED_CSS: Lexicon = { ...CSS, lineComments: ["//"], spacedComments: true };
const GO: Lexicon = {
  ...C_COMMENTS,
  strings: [DOUBLE, raw("`", "`"), CHARACTER],
};
const JAVA: Lexicon = { ...C_COMMENTS, strings: [TRIPLE, DOUBLE, CHARACTER] };
const JSON_LIKE: Lexicon = { ...C_COMMENTS, strings: [DOUBLE] };

export const LEXICONS: Readonly<Record<string, Lexicon>> = {
  python: PYTHON,
  javascript: SCRIPT,
  javascriptreact: SCRIPT,
  typescript: SCRIPT,
  typescriptreact: SCRIPT,
  vue: SCRIPT_IN_MARKUP,
  svelte: SCRIPT_IN_MARKUP,
  go: GO,
  rust: RUST,
  java: JAVA,
  c: C,
  cpp: C,
  "cuda-cpp": C,
  "objective-c": C,
  zig: { lineComments: ["//"], brackets: true, strings: [DOUBLE, CHARACTER] },
  csharp: CSHARP,
  kotlin: KOTLIN,
  scala: KOTLIN,
  groovy: GROOVY,
  dart: DART,
  swift: SWIFT,
  php: PHP,
  ruby: RUBY,
  crystal: RUBY,
  elixir: ELIXIR,
  shellscript: SHELL,
  powershell: POWERSHELL,
  sql: SQL,
  lua: LUA,
  yaml: YAML,
  dockercompose: YAML,
  toml: TOML,
  ini: { lineComments: [";", "#"], brackets: true, spacedComments: true, strings: [] },
  html: MARKUP,
  xml: MARKUP,
  css: CSS,
  scss: NESTED_CSS,
  less: NESTED_CSS,
  json: JSON_LIKE,
  jsonc: JSON_LIKE,
  haskell: HASKELL,
  elm: HASKELL,
  clojure: LISP,
  lisp: LISP,
  scheme: LISP,
  r: { ...HASH_COMMENTS, strings: [DOUBLE, SINGLE] },
  julia: HASH,
  perl: {
    ...HASH_COMMENTS,
    spacedComments: true,
    hereDocument: HERE_DOCUMENT,
    strings: [...delimited(/(^|[^\w$@%&>-])q[qwrx]?$/), DOUBLE, CHARACTER],
  },
  graphql: HASH,
  nim: HASH,
  gdscript: HASH,
  makefile: {
    ...HASH_COMMENTS,
    spacedComments: true,
    strings: [quoted('"', EXPANSION), quoted("'", { ...NO_WORD, ...EXPANSION })],
  },
  dockerfile: { ...HASH_COMMENTS, spacedComments: true, strings: [DOUBLE, CHARACTER] },
  terraform: {
    lineComments: ["#", "//"],
    brackets: true,
    hereDocument: HERE_DOCUMENT,
    strings: [quoted('"', DOLLAR_BRACES)],
  },
  proto3: C,
  fsharp: {
    lineComments: ["//"],
    blockComment: ["(*", "*)"],
    nestedComments: true,
    brackets: true,
    strings: [TRIPLE, DOUBLE, CHARACTER],
  },
  ocaml: {
    lineComments: [],
    blockComment: ["(*", "*)"],
    nestedComments: true,
    brackets: true,
    strings: [DOUBLE, CHARACTER],
  },
  plaintext: PROSE,
  markdown: PROSE,
  restructuredtext: PROSE,
  latex: PROSE,
  "git-commit": PROSE,
};
