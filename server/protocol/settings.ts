/**
 * Every setting in one place: its meaning, its range and its default. `package.json` repeats them for the
 * settings editor; a test checks that both agree.
 */

/** Where a model can run; `auto` is the best back end that works here. */
export const BACKEND_CHOICES = ["auto", "cpu", "cuda", "vulkan", "metal"] as const;

export interface Settings {
  readonly enabled: boolean;
  readonly modelPath: string;
  readonly draftModel: string;
  readonly catalogue: string;
  readonly backend: (typeof BACKEND_CHOICES)[number];
  readonly hub: string;
  readonly npmRegistry: string;
  readonly contextTokens: number;
  readonly threads: number;
  readonly exactness: "auto" | "bitwise";
  readonly reuse: "auto" | "exact" | "shifted";
  readonly trigger: "automatic" | "manual";
  readonly maxTokens: number;
  readonly maxLines: number;
  readonly minConfidence: number;
  readonly drafts: boolean;
  readonly firstDatastore: boolean;
  readonly workspaceIndex: boolean;
  readonly openFiles: boolean;
  readonly prefetch: boolean;
  readonly battery: "auto" | "always" | "never";
  readonly delayMs: number;
  readonly showAfterMs: number;
  readonly freeAfterMinutes: number;
  readonly languages: Readonly<Record<string, boolean>>;
}

export const SECTION = "foretoken";

/** Value of `draftModel` for a draft model that is chosen automatically among those on this machine. */
export const AUTO_DRAFT_MODEL = "auto";

export const DEFAULT_SETTINGS: Settings = {
  enabled: true,
  modelPath: "",
  draftModel: "",
  catalogue: "",
  backend: "auto",
  hub: "",
  npmRegistry: "",
  contextTokens: 0,
  threads: 0,
  exactness: "auto",
  reuse: "auto",
  trigger: "automatic",
  maxTokens: 64,
  maxLines: 0,
  minConfidence: 0,
  drafts: true,
  firstDatastore: true,
  workspaceIndex: true,
  openFiles: true,
  prefetch: true,
  battery: "auto",
  delayMs: 0,
  showAfterMs: 0,
  freeAfterMinutes: 20,
  languages: { "*": true, plaintext: false, markdown: false, scminput: false },
};

interface SettingSchema {
  readonly type: "boolean" | "string" | "integer" | "number" | "object";
  readonly description: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: { readonly type: "boolean" };
  readonly scope: "machine" | "machine-overridable" | "window";
}

export const SETTINGS_SCHEMA: Readonly<Record<keyof Settings, SettingSchema>> = {
  enabled: { type: "boolean", scope: "window", description: "Suggest completions as you type." },
  modelPath: {
    type: "string",
    scope: "machine-overridable",
    description:
      "The GGUF code model: a path, a name in the catalogue such as qwen2.5-coder:1.5b, hf:OWNER/REPOSITORY:FILE, or an address. Empty: the small model that comes with Foretoken (135 million parameters, enough to begin with). Foretoken: Choose Model fetches larger ones.",
  },
  draftModel: {
    type: "string",
    scope: "machine-overridable",
    description:
      "A smaller GGUF model that drafts for the code model, named in the same way. It must have the same vocabulary, such as a smaller model of the same family or a smaller quantisation of the same model. auto: such a model, if one is already on this machine. It runs on the graphics device or the processor, whichever is faster for it, and pauses when it does not pay off. Empty: none. The text is the same with and without it.",
  },
  catalogue: {
    type: "string",
    scope: "machine-overridable",
    description:
      "Path of a catalogue of models to choose from, such as a company's own. Empty: the one that comes with Foretoken.",
  },
  backend: {
    type: "string",
    scope: "machine-overridable",
    enum: BACKEND_CHOICES,
    description: "Where the model runs. auto: the best that works on this machine.",
  },
  hub: {
    type: "string",
    scope: "machine",
    description:
      "Address of the hub from which models and data sets are fetched, such as a mirror of Hugging Face. Your access token is sent to it. Empty: the one in the variable HF_ENDPOINT, or Hugging Face.",
  },
  npmRegistry: {
    type: "string",
    scope: "machine",
    description:
      "Address of the npm registry from which libraries for an NVIDIA card are fetched once you agree, such as a company's mirror. Empty: npm's public one.",
  },
  contextTokens: {
    type: "integer",
    scope: "machine-overridable",
    minimum: 0,
    maximum: 131072,
    description: "Context length in tokens. 0: what the model was trained for, at most 4096.",
  },
  threads: {
    type: "integer",
    scope: "machine-overridable",
    minimum: 0,
    maximum: 256,
    description: "Threads for computing on the CPU. 0: chosen for this machine.",
  },
  exactness: {
    type: "string",
    scope: "machine-overridable",
    enum: ["auto", "bitwise"],
    description:
      "How drafts are kept from changing the text. auto: a single token is decoded on its own, and trees are kept small enough that their results equal those of single tokens bit for bit on this machine. bitwise: decodes are padded with dummy rows where larger trees need it, which slows down single tokens.",
  },
  reuse: {
    type: "string",
    scope: "machine-overridable",
    enum: ["auto", "exact", "shifted"],
    description:
      "Which parts of the model's state are reused when text before them has changed. exact: none, and long prompts are computed in the same slower way as short ones, so that a prompt's results never depend on what was computed before. shifted: parts whose own text is unchanged, as with llama.cpp's --cache-reuse, which may change a choice between nearly equal tokens. auto: shifted where computing them again would take more than a twentieth of a second.",
  },
  trigger: {
    type: "string",
    scope: "window",
    enum: ["automatic", "manual"],
    description:
      "When completions are computed. automatic: as you type. manual: only when you ask (Foretoken: Trigger Completion), and nothing is computed ahead.",
  },
  maxTokens: {
    type: "integer",
    scope: "window",
    minimum: 1,
    maximum: 1024,
    description: "Longest completion, in tokens.",
  },
  maxLines: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 1000,
    description:
      "Maximum number of lines in a completion, not counting blank ones; the model stops there. Of several statements, only the first is shown. 0: no limit.",
  },
  minConfidence: {
    type: "number",
    scope: "window",
    minimum: 0,
    maximum: 1,
    description:
      "A completion that you did not ask for is shown only if the model gives the tokens of its first line at least this mean probability: 0.5 leaves out what the model is unsure of. The first line is then shown once it is complete. 0: show all.",
  },
  drafts: {
    type: "boolean",
    scope: "window",
    description: "Verify drafted tokens several at a time. Off gives the same text, one token at a time.",
  },
  firstDatastore: {
    type: "boolean",
    scope: "machine-overridable",
    description:
      "Once you edit Python and the model has no datastore yet, build one in the background from the Python installed on this machine.",
  },
  workspaceIndex: {
    type: "boolean",
    scope: "window",
    description:
      "Draft from the workspace's other files in the languages you edit, which are indexed in memory.",
  },
  openFiles: {
    type: "boolean",
    scope: "window",
    description:
      "Show the model parts of other open files and outlines of what a file imports from the workspace, if the model was trained to read other files. Never files that seem to hold secrets or that git ignores.",
  },
  prefetch: {
    type: "boolean",
    scope: "window",
    description:
      "Start computing at each keystroke, before the editor asks; in pauses, compute what follows if the suggestion is accepted. Completions that you ask for take precedence.",
  },
  battery: {
    type: "string",
    scope: "window",
    enum: ["auto", "always", "never"],
    description:
      "When to save energy: nothing is then computed ahead, no first datastore is built, and half as many threads compute. auto: while the machine runs on battery, if the system reports this. always, never: regardless of the power source.",
  },
  delayMs: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 10000,
    description:
      "Milliseconds without a keystroke before anything is computed. If the model is slow, the wait is longer, up to half a second.",
  },
  showAfterMs: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 30000,
    description:
      "Milliseconds since the last keystroke before a suggestion is shown. It is computed in the meantime.",
  },
  freeAfterMinutes: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 1440,
    description:
      "Minutes without a completion after which the model's memory is freed; the next one loads it again. 0: never.",
  },
  languages: {
    type: "object",
    scope: "window",
    additionalProperties: { type: "boolean" },
    description:
      'Languages to complete in, by language id; "*" stands for all others. Plain text, Markdown and commit messages are off, since the default model was trained on code.',
  },
};

/** Settings that are read when the model is loaded: a new value loads it again. */
export const RELOADING_SETTINGS = [
  "modelPath",
  "backend",
  "contextTokens",
  "threads",
  "exactness",
  "reuse",
  "workspaceIndex",
] as const;

/** Upper limits of settings on a machine. */
export type MachineLimits = Partial<Record<"threads" | "contextTokens", number>>;

/** The value to use, and the problem with the given one. */
interface Fitted {
  readonly value: unknown;
  readonly problem?: string;
}

/** @param most the machine's limit, if there is one */
function fitted(schema: SettingSchema, given: unknown, standard: unknown, most = Infinity): Fitted {
  const instead = (expected: string): Fitted => ({
    value: standard,
    problem: `is not ${expected}: ${JSON.stringify(standard)} is used instead`,
  });
  switch (schema.type) {
    case "integer":
    case "number": {
      const kind = schema.type === "integer" ? "a whole number" : "a number";
      if (typeof given !== "number" || Number.isNaN(given)) return instead(kind);
      const [least, largest] = [schema.minimum ?? 0, Math.min(schema.maximum ?? Infinity, most)];
      const value = Math.min(Math.max(schema.type === "integer" ? Math.trunc(given) : given, least), largest);
      const range = `${kind} from ${least} to ${largest} on this machine`;
      return value === given ? { value } : { value, problem: `is not ${range}: ${value} is used instead` };
    }
    case "string": {
      const { enum: values } = schema;
      if (typeof given === "string" && (values?.includes(given) ?? true)) return { value: given };
      return instead(values ? `one of ${values.join(", ")}` : "text");
    }
    case "object": {
      if (typeof given !== "object" || given === null || Array.isArray(given)) return instead("an object");
      const entries = Object.entries(given);
      const kept = entries.filter(([, value]) => typeof value === "boolean");
      // Some clients only send what the user has written: other languages then keep their defaults.
      const value = { ...(standard as object), ...Object.fromEntries(kept) };
      return kept.length === entries.length
        ? { value }
        : { value, problem: "has values that are neither true nor false: they are left out" };
    }
    case "boolean":
      return typeof given === "boolean" ? { value: given } : instead("true or false");
  }
}

/**
 * Settings from untyped configuration. A number out of range is moved into it; any other invalid value is replaced by
 * the default. Each is a problem, described in one line.
 */
export function readSettings(
  configuration: unknown,
  limits: MachineLimits = {},
): { settings: Settings; problems: string[] } {
  const given =
    typeof configuration === "object" && configuration !== null
      ? (configuration as Record<string, unknown>)
      : {};
  const settings: Record<string, unknown> = { ...DEFAULT_SETTINGS };
  const problems: string[] = [];
  for (const [key, schema] of Object.entries(SETTINGS_SCHEMA)) {
    const value = given[key];
    if (value === undefined || value === null) continue;
    const outcome = fitted(schema, value, settings[key], limits[key as keyof MachineLimits]);
    settings[key] = outcome.value;
    if (outcome.problem === undefined) continue;
    const written = typeof value === "number" ? String(value) : JSON.stringify(value).slice(0, 80);
    problems.push(`${SECTION}.${key} is ${written}, which ${outcome.problem}.`);
  }
  return { settings: settings as unknown as Settings, problems };
}

/** Whether a document in this language is completed. */
export function languageEnabled(settings: Settings, languageId: string): boolean {
  const { enabled, languages } = settings;
  return enabled && ((Object.hasOwn(languages, languageId) ? languages[languageId] : languages["*"]) ?? true);
}
