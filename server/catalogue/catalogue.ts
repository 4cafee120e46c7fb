/** The catalogue: open code models with fill-in-the-middle, and where their GGUF files are. */
import { isRecord, messageOf, readNamed } from "../system/index.ts";

/** Whether a licence allows use at work: `restricted` means yes, under terms of use. */
type Commercial = "yes" | "no" | "restricted";

export interface CatalogueFile {
  /** For example `Q8_0`. */
  readonly quantisation: string;
  /** `owner/name` on the hub. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Within the repository; absent: the file whose name contains the quantisation. */
  readonly path?: string;
  readonly bytes?: number;
  /** In hex. */
  readonly sha256?: string;
}

export interface CatalogueModel {
  /** `family:size`, in lower case, as users type it. */
  readonly name: string;
  readonly title: string;
  readonly parameters: number;
  /** Parameters that are active for each token, if not all are. */
  readonly activeParameters?: number;
  readonly licence: { readonly name: string; readonly commercial: Commercial };
  /** Tokens of context the model was trained for. */
  readonly contextTokens?: number;
  /** Number of programming languages, as published. */
  readonly languages?: number;
  /** Published pass@1 on HumanEval-Infilling in percent, and its source. */
  readonly infilling?: { readonly singleLine: number; readonly multiLine?: number; readonly source: string };
  /** The first one is used if no quantisation is requested. */
  readonly files: readonly CatalogueFile[];
}

export type CatalogueOutcome =
  | { readonly models: readonly CatalogueModel[] }
  | { readonly problem: { readonly message: string; readonly remedy: string } };

const VERSION = 1;
const NAME = /^[a-z0-9][a-z0-9.-]*:[a-z0-9][a-z0-9.-]*$/;
/** Names become local folders: none may be `..`. */
const REPOSITORY = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SAFE_PATH = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\\:\0/][^\\:\0]*\.gguf$/i;

/** Reads a catalogue file. */
export function readCatalogue(file: string): CatalogueOutcome {
  let text: string;
  try {
    text = readNamed(file).toString();
  } catch (error) {
    return {
      problem: {
        message: `The catalogue ${file} cannot be read: ${messageOf(error)}.`,
        remedy: 'Correct the setting "foretoken.catalogue", or clear it for the catalogue that is included.',
      },
    };
  }
  return parseCatalogue(text, file);
}

/** @param file its name, used in messages */
export function parseCatalogue(text: string, file: string): CatalogueOutcome {
  const wrong = (what: string): CatalogueOutcome => ({
    problem: {
      message: `The catalogue ${file} is not valid: ${what}.`,
      remedy: "Compare it with Foretoken's models/catalogue.json.",
    },
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return wrong(messageOf(error));
  }
  if (!isRecord(content) || content.version !== VERSION) return wrong(`"version" is not ${VERSION}`);
  if (!Array.isArray(content.models) || content.models.length === 0) return wrong('"models" is not a list');
  const models: CatalogueModel[] = [];
  for (const [index, model] of content.models.entries()) {
    const fault = faultOf(model);
    if (fault !== undefined) return wrong(`model ${index + 1}: ${fault}`);
    models.push(model as CatalogueModel);
  }
  const names = models.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? { models } : wrong(`there are two models called ${twice}`);
}

type Json = Readonly<Record<string, unknown>>;
const isCount = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value > 0;
const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
const isPercent = (value: unknown) => typeof value === "number" && value >= 0 && value <= 100;
const isAbsentOr = (holds: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || holds(value);
const matches = (pattern: RegExp) => (value: unknown) => typeof value === "string" && pattern.test(value);

const isLicence = (value: unknown) =>
  isRecord(value) &&
  isText(value.name) &&
  ["yes", "no", "restricted"].some(commercial => commercial === value.commercial);
const isInfilling = (value: unknown) =>
  isRecord(value) &&
  isPercent(value.singleLine) &&
  isAbsentOr(isPercent)(value.multiLine) &&
  isText(value.source);

const MODEL_FIELDS: Readonly<Record<keyof CatalogueModel, (value: unknown) => boolean>> = {
  name: matches(NAME),
  title: isText,
  parameters: isCount,
  activeParameters: isAbsentOr(isCount),
  licence: isLicence,
  contextTokens: isAbsentOr(isCount),
  languages: isAbsentOr(isCount),
  infilling: isAbsentOr(isInfilling),
  files: value => Array.isArray(value) && value.length > 0,
};

const FILE_FIELDS: Readonly<Record<keyof CatalogueFile, (value: unknown) => boolean>> = {
  quantisation: isText,
  repository: matches(REPOSITORY),
  revision: isText,
  path: isAbsentOr(matches(SAFE_PATH)),
  bytes: isAbsentOr(isCount),
  sha256: isAbsentOr(matches(SHA256)),
};

/** The fault of a model; undefined if it has none. */
function faultOf(model: unknown): string | undefined {
  if (!isRecord(model)) return "it is not an object";
  const field = faultyField(model, MODEL_FIELDS);
  if (field !== undefined) return `"${field}" is missing or not valid`;
  for (const [index, file] of (model.files as unknown[]).entries()) {
    if (!isRecord(file)) return `file ${index + 1} is not an object`;
    const ofFile = faultyField(file, FILE_FIELDS);
    if (ofFile !== undefined) return `"${ofFile}" of file ${index + 1} is missing or not valid`;
  }
  return undefined;
}

function faultyField(value: Json, fields: Readonly<Record<string, (value: unknown) => boolean>>) {
  return Object.keys(fields).find(field => !fields[field]?.(value[field]));
}
