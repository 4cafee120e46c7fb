/**
 * The fill-in-the-middle format of each family of models: the positions of control tokens, whether the text after
 * the cursor comes first, and how other files are put in front. Sources: the papers and model cards of the families
 * named below. Control tokens are looked up by their text, so the prompt is right even if a model file does not name
 * their roles.
 */

/** The part of a vocabulary a prompt needs. */
export interface PromptVocabulary {
  readonly special: {
    readonly beginning: number | undefined;
    readonly fillPrefix: number | undefined;
    readonly fillSuffix: number | undefined;
    readonly fillMiddle: number | undefined;
  };
  /**
   * Tokens of a text; the texts of control tokens in it are plain text.
   * @param isContinued whether it follows other text, so that it gets no blank in front, as some tokenizers put there
   */
  tokenize(text: string, isContinued?: boolean): Int32Array;
  /** The control token with this text; undefined if the model has none. */
  find(text: string): number | undefined;
}

/** What a model's file states about itself. */
interface ModelIdentity {
  readonly modelName: string;
  /** `foretoken.fim_order` of the GGUF metadata: `suffix-first` or `prefix-first`; overrules the table. */
  readonly fimOrder?: string | undefined;
  /**
   * `foretoken.fim_files`: `file_sep` if the model was trained with other files in front, each as `<|file_sep|>`,
   * path, line end, content. A model file that gives an order but not this was trained without.
   */
  readonly fimFiles?: string | undefined;
}

/** A model's format, in tokens of its vocabulary. */
export interface PromptFormat {
  readonly name: string;
  /** Comes before everything else, if the model wants it. */
  readonly beginning: number | undefined;
  /** Undefined: the model only continues text and is not shown the text after the cursor. */
  readonly fill: FillTokens | undefined;
  /** Undefined: the model was not taught to read other files. */
  readonly files: FileTokens | undefined;
  /** Control tokens that end the middle, besides those that end the model's text anyway. */
  readonly ends: readonly number[];
  /** Texts of the control tokens in use: within a document they are plain text. */
  readonly markers: readonly string[];
}

interface FillTokens {
  readonly suffixFirst: boolean;
  readonly prefix: number;
  readonly suffix: number;
  /** If undefined, the model continues after the prefix. */
  readonly middle: number | undefined;
}

interface FileTokens {
  /** Comes before the repository's name. */
  readonly repository: number | undefined;
  /** Comes before each file's path... */
  readonly before: number | undefined;
  /** ...or after each file. */
  readonly after: number | undefined;
  /** Whether the cursor's file is named even if it is the only one. */
  readonly alone: boolean;
}

/** A row of the table: a family fits when the vocabulary has all of its tokens. */
interface Family {
  readonly name: string;
  /** Among families with the same tokens, the one that matches the model's name is used. */
  readonly models?: RegExp;
  readonly suffixFirst?: boolean;
  readonly prefix: string;
  readonly suffix: string;
  readonly middle?: string;
  readonly repository?: string;
  readonly fileBefore?: string;
  readonly fileAfter?: string;
  readonly namedAlone?: boolean;
}

const PIPED = { prefix: "<|fim_prefix|>", suffix: "<|fim_suffix|>", middle: "<|fim_middle|>" };
const FILE_SEPARATOR = "<|file_sep|>";
const PLAIN = { prefix: "<fim_prefix>", suffix: "<fim_suffix>", middle: "<fim_middle>" };

/** More specific families come first. */
const FAMILIES: readonly Family[] = [
  // Its file tokens are reserved and untrained.
  { name: "Foretoken", models: /foretoken/i, ...PIPED },
  // Also Qwen3-Coder. Repository level: Qwen2.5-Coder technical report, arXiv 2409.12186, section 3.2.
  { name: "Qwen-Coder", ...PIPED, repository: "<|repo_name|>", fileBefore: FILE_SEPARATOR },
  { name: "CodeGemma", ...PIPED, fileAfter: "<|file_separator|>" },
  {
    name: "Mellum",
    models: /mellum/i,
    ...PLAIN,
    suffixFirst: true,
    fileBefore: "<filename>",
    namedAlone: true,
  },
  { name: "StarCoder2", ...PLAIN, repository: "<repo_name>", fileBefore: "<file_sep>" },
  // Also StarCoder, whose tokens Granite took over.
  { name: "Granite", ...PLAIN, repository: "<reponame>", fileBefore: "<filename>" },
  { name: "SantaCoder", prefix: "<fim-prefix>", suffix: "<fim-suffix>", middle: "<fim-middle>" },
  {
    name: "DeepSeek-Coder",
    prefix: "<｜fim▁begin｜>",
    suffix: "<｜fim▁hole｜>",
    middle: "<｜fim▁end｜>",
  },
  {
    name: "Seed-Coder",
    suffixFirst: true,
    prefix: "<[fim-prefix]>",
    suffix: "<[fim-suffix]>",
    middle: "<[fim-middle]>",
  },
  // Its vocabulary has a [MIDDLE] that it was not taught to expect.
  { name: "Codestral", suffixFirst: true, prefix: "[PREFIX]", suffix: "[SUFFIX]" },
  { name: "CodeLlama", prefix: "▁<PRE>", suffix: "▁<SUF>", middle: "▁<MID>" },
  { name: "piped tokens", ...PIPED },
  { name: "plain tokens", ...PLAIN },
];

/** The format of a model: the first matching family of the table, or else what the model file says. */
export function formatOf(vocabulary: PromptVocabulary, identity: ModelIdentity): PromptFormat {
  const { beginning } = vocabulary.special;
  for (const family of FAMILIES) {
    if (family.models && !family.models.test(identity.modelName)) continue;
    const format = resolve(declared(family, identity), vocabulary);
    if (format) return format;
  }
  const { fillPrefix, fillSuffix, fillMiddle } = vocabulary.special;
  const known = fillPrefix !== undefined && fillSuffix !== undefined;
  const fill = known
    ? {
        suffixFirst: isSuffixFirst(identity) ?? fillMiddle === undefined,
        prefix: fillPrefix,
        suffix: fillSuffix,
        middle: fillMiddle,
      }
    : undefined;
  return {
    name: fill ? "metadata" : "prefix only",
    beginning,
    fill,
    files: undefined,
    ends: [],
    markers: [],
  };
}

const isSuffixFirst = ({ fimOrder }: ModelIdentity): boolean | undefined =>
  fimOrder === undefined ? undefined : fimOrder === "suffix-first";

/** The family as the model's own file describes it. */
function declared(family: Family, identity: ModelIdentity): Family {
  const suffixFirst = isSuffixFirst(identity);
  if (suffixFirst === undefined) return family;
  const { repository: _, fileBefore: __, fileAfter: ___, ...rest } = family;
  const files = identity.fimFiles === "file_sep" ? { fileBefore: FILE_SEPARATOR } : {};
  return { ...rest, suffixFirst, ...files };
}

function resolve(family: Family, vocabulary: PromptVocabulary): PromptFormat | undefined {
  const texts = [
    family.prefix,
    family.suffix,
    family.middle,
    family.repository,
    family.fileBefore,
    family.fileAfter,
  ];
  const tokens = texts.map(text => (text === undefined ? undefined : vocabulary.find(text)));
  if (texts.some((text, i) => text !== undefined && tokens[i] === undefined)) return undefined;
  const [prefix, suffix, middle, repository, before, after] = tokens;
  if (prefix === undefined || suffix === undefined) return undefined;
  const hasFiles = before !== undefined || after !== undefined;
  return {
    name: family.name,
    beginning: vocabulary.special.beginning,
    fill: { suffixFirst: family.suffixFirst ?? false, prefix, suffix, middle },
    files: hasFiles ? { repository, before, after, alone: family.namedAlone ?? false } : undefined,
    ends: [repository, before, after].filter(token => token !== undefined),
    markers: texts.filter(text => text !== undefined),
  };
}

/**
 * Tokens of a document's text. A tokenizer may recognise some markers in any text; those are split up, so
 * that a marker in a document stays plain characters.
 */
export function textTokens(
  text: string,
  vocabulary: PromptVocabulary,
  format: PromptFormat,
  isContinued = false,
): Int32Array {
  const found = format.markers.filter(marker => text.includes(marker));
  const matched = found.filter(marker => vocabulary.tokenize(marker).length === 1);
  if (matched.length === 0) return vocabulary.tokenize(text, isContinued);
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const next = matched.map(marker => rest.indexOf(marker)).filter(index => index >= 0);
    if (next.length === 0) break;
    const border = Math.min(...next) + 1;
    parts.push(rest.slice(0, border));
    rest = rest.slice(border);
  }
  return joined([...parts, rest].map((part, i) => vocabulary.tokenize(part, isContinued || i > 0)));
}

export function joined(parts: readonly (Int32Array | readonly number[])[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    all.set(part, length);
    length += part.length;
  }
  return all;
}
