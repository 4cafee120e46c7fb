/** How each language writes strings and comments. Ids are those of LSP. */
import { delimited, type Lexicon, quoted, raw } from "./lexicon.ts";

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
    // Of more than three quotes the last three end it.
    quoted('"""', { long: true, escape: "none", contains: /"(?=""")/y, ...DOLLAR_BRACES }),
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
    ...['"""', "'''"].map(quote => quoted(quote, { long: true, ...HASH_BRACES })),
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
  strings: [DOUBLE],
  lifetimes: true,
};
const ELM: Lexicon = { ...HASKELL, strings: [TRIPLE, DOUBLE] };
const NIX: Lexicon = {
  ...HASH_COMMENTS,
  blockComment: ["/*", "*/"],
  strings: [
    quoted("''", {
      long: true,
      escape: "none",
      contains: /''(?:['$]|\\.)|\$\$/y,
      ...DOLLAR_BRACES,
      ...NO_WORD,
    }),
    quoted('"', { long: true, contains: /\$\$/y, ...DOLLAR_BRACES }),
  ],
};
const ML: Lexicon = {
  lineComments: [],
  blockComment: ["(*", "*)"],
  nestedComments: true,
  brackets: true,
  strings: [raw("{|", "|}"), quoted('"', { long: true })],
  lifetimes: true,
};
const LISP: Lexicon = {
  lineComments: [";"],
  brackets: true,
  alignedLists: true,
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

const C_LIKE: Lexicon = { ...C_COMMENTS, strings: [DOUBLE, CHARACTER] };
/** A quote before digits gives their base. */
const VERILOG: Lexicon = { ...C_COMMENTS, strings: [DOUBLE] };
const DOUBLED = { escape: "doubled" } as const;
/** A quote after a value transposes it. */
const NO_TRANSPOSE = quoted("'", { after: /(^|[^\w)\]}'.])$/ });
const ADA: Lexicon = { lineComments: ["--"], brackets: true, strings: [quoted('"', DOUBLED), CHARACTER] };
const PASCAL: Lexicon = {
  lineComments: ["//"],
  blockComment: ["{", "}"],
  brackets: true,
  strings: [quoted("'", DOUBLED)],
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
  "objective-cpp": C,
  solidity: C_LIKE,
  hlsl: C_LIKE,
  glsl: C_LIKE,
  shaderlab: C_LIKE,
  haxe: C_LIKE,
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
  "django-html": MARKUP,
  "jinja-html": MARKUP,
  handlebars: MARKUP,
  xml: MARKUP,
  xsl: MARKUP,
  css: CSS,
  scss: NESTED_CSS,
  less: NESTED_CSS,
  json: JSON_LIKE,
  jsonc: JSON_LIKE,
  haskell: HASKELL,
  elm: ELM,
  nix: NIX,
  clojure: LISP,
  lisp: LISP,
  scheme: LISP,
  racket: LISP,
  elisp: LISP,
  "emacs-lisp": LISP,
  r: { ...HASH_COMMENTS, strings: [DOUBLE, SINGLE] },
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
  dockerfile: SHELL,
  terraform: {
    lineComments: ["#", "//"],
    brackets: true,
    hereDocument: HERE_DOCUMENT,
    strings: [quoted('"', DOLLAR_BRACES)],
  },
  proto3: C,
  fsharp: { ...ML, lineComments: ["//"], strings: [TRIPLE, quoted('"', { long: true })] },
  ocaml: ML,
  julia: { ...HASH_COMMENTS, blockComment: ["#=", "=#"], strings: [TRIPLE, DOUBLE, NO_TRANSPOSE] },
  matlab: {
    lineComments: ["%"],
    brackets: true,
    strings: [quoted('"', DOUBLED), { ...NO_TRANSPOSE, ...DOUBLED }],
  },
  erlang: {
    lineComments: ["%"],
    brackets: true,
    strings: [quoted('"', { long: true, after: /(^|[^$])$/ }), CHARACTER],
  },
  verilog: VERILOG,
  systemverilog: VERILOG,
  vhdl: ADA,
  ada: ADA,
  pascal: PASCAL,
  objectpascal: PASCAL,
  tcl: {
    ...HASH_COMMENTS,
    spacedComments: true,
    escapedBy: "\\",
    strings: [quoted('"', { long: true, after: /(^|[\s[{(])$/ })],
  },
  cmake: {
    ...HASH_COMMENTS,
    blockComment: ["#[[", "]]"],
    escapedBy: "\\",
    strings: [raw("[[", "]]"), quoted('"', { long: true })],
  },
  plaintext: PROSE,
  markdown: PROSE,
  restructuredtext: PROSE,
  latex: PROSE,
  "git-commit": PROSE,
};
