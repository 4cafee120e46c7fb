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
      "A smaller GGUF model that drafts for the code model, named in the same way. It must have the same vocabulary, such as a smaller model of the same family or the same model in fewer bits. auto: such a model, if one is on this machine already. It runs on the graphics device or the processor, whichever is faster for it, and pauses where it does not pay. Empty: none. The text is the same with and without it.",
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
      "How drafts are kept from changing the text. auto: a single token is decoded on its own, and trees are never so large that their results differ in any bit from those of single tokens on this machine. bitwise: decodes are padded with dummy rows where larger trees need that, which slows single tokens down.",
  },
  reuse: {
    type: "string",
    scope: "machine-overridable",
    enum: ["auto", "exact", "shifted"],
    description:
      "Which parts of the model's state are reused when text before them has changed. exact: none, and long prompts are computed as slowly as short ones, so that a prompt's numbers never depend on what was there before. shifted: parts whose own text is unchanged, as with llama.cpp's --cache-reuse, which may change a close choice. auto: shifted where computing them again would take over a twentieth of a second.",
  },
  trigger: {
    type: "string",
    scope: "window",
    enum: ["automatic", "manual"],
    description:
      "When completions are computed. automatic: as you type. manual: only when asked for (Foretoken: Trigger Completion), and nothing is computed ahead.",
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
      "Most lines of a completion, blank ones not counted; the model stops there. Of several statements only the first is shown. 0: any number.",
  },
  minConfidence: {
    type: "number",
    scope: "window",
    minimum: 0,
    maximum: 1,
    description:
      "Lowest mean probability, by the model, of the tokens of a completion's first line at which the completion is shown unasked: 0.5 leaves out what the model itself is unsure of. The first line is then shown once it is complete. 0: any.",
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
      "Once Python is edited and the model has no datastore yet, build one in the background from the Python installed on this machine.",
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
      "Show the model parts of other open files and outlines of what a file imports from the workspace, if the model was trained to read other files. Never files that look like they hold secrets, nor files that git ignores.",
  },
  prefetch: {
    type: "boolean",
    scope: "window",
    description:
      "Begin to compute with each key, before the editor asks; in pauses, compute what comes next once a suggestion is accepted. Completions that you ask for go first.",
  },
  battery: {
    type: "string",
    scope: "window",
    enum: ["auto", "always", "never"],
    description:
      "When to save energy: nothing is then computed ahead, no first datastore is built, and half as many threads compute. auto: while the machine runs on its battery, if the system reports that. always, never: whatever it runs on.",
  },
  delayMs: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 10000,
    description:
      "Milliseconds without another key before anything is computed. If the model is slow, the wait is longer, up to half a second.",
  },
  showAfterMs: {
    type: "integer",
    scope: "window",
    minimum: 0,
    maximum: 30000,
    description: "Milliseconds since the last key before a suggestion is shown. It is computed meanwhile.",
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
