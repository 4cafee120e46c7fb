/** What a user may write for a model: a name of the catalogue, a file on the hub, an address, a path. */
import type { CatalogueFile, CatalogueModel } from "./catalogue.ts";

export type ModelReference =
  | { readonly kind: "path"; readonly path: string }
  /** A file of the hub, listed in the catalogue or not. */
  | { readonly kind: "hub"; readonly file: CatalogueFile; readonly model?: CatalogueModel }
  | { readonly kind: "address"; readonly url: string };

type ReferenceOutcome =
  | { readonly reference: ModelReference }
  | { readonly problem: { readonly message: string; readonly remedy: string } };

/** Names become local folders: none may be `..`. */
const HUB = /^hf:([\w-][\w.-]*\/[\w-][\w.-]*?)(?:@([\w./-]+))?:(.+)$/;
const NAME = /^([a-z0-9][a-z0-9.-]*:[a-z0-9][a-z0-9.-]*)(?::([\w.]+))?$/i;

export const REFERENCES =
  "a name in the catalogue (qwen2.5-coder:1.5b, or qwen2.5-coder:1.5b:q4_k_m), hf:OWNER/REPOSITORY:FILE, an address, or a path";

/**
 * Reads a reference. `hf:OWNER/REPO:FILE` may name a revision (`hf:OWNER/REPO@REVISION:FILE`), and a quantisation in
 * place of the file. Any other text is a path.
 */
export function parseReference(text: string, models: readonly CatalogueModel[]): ReferenceOutcome {
  const given = text.trim();
  if (/^https?:\/\//i.test(given)) return addressOf(given);
  const hub = HUB.exec(given);
  if (hub) return hubFile(hub[1] ?? "", hub[2] ?? "main", hub[3] ?? "");
  if (/^hf:/i.test(given))
    return {
      problem: { message: `${given} names no file.`, remedy: "Write hf:OWNER/REPOSITORY:FILE." },
    };
  const [, name, quantisation] = NAME.exec(given) ?? [];
  const model = models.find(each => each.name === name?.toLowerCase());
  if (!model) return notInCatalogue(given, name, models);
  const file = quantisation
    ? model.files.find(each => each.quantisation.toLowerCase() === quantisation.toLowerCase())
    : model.files[0];
  if (file) return { reference: { kind: "hub", file, model } };
  const known = model.files.map(each => each.quantisation).join(", ");
  return {
    problem: {
      message: `The catalogue has no ${quantisation} of ${model.name}.`,
      remedy: `Choose one of ${known}, or name a file: hf:OWNER/REPOSITORY:FILE.`,
    },
  };
}

/** Whether a text is a path, not a reference to the catalogue, the hub or an address. */
export const isPathReference = (text: string): boolean => {
  const read = parseReference(text, []);
  return "reference" in read && read.reference.kind === "path";
};

/** The shortest reference to a file of the catalogue. */
export const catalogueName = ({ name, files }: CatalogueModel, file: CatalogueFile): string =>
  file === files[0] ? name : `${name}:${file.quantisation.toLowerCase()}`;

/** The name under which a model is recorded: for models of the catalogue the same for all ways to write it. */
export const nameOf = (reference: ModelReference, given: string): string =>
  reference.kind === "hub" && reference.model ? catalogueName(reference.model, reference.file) : given.trim();

function addressOf(given: string): ReferenceOutcome {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  // They would be saved and shown with the model.
  if (url && (url.username !== "" || url.password !== ""))
    return {
      problem: {
        message: `The address at ${url.host} has a user name or a password in it.`,
        remedy: "Leave them out, or download the file yourself and give its path.",
      },
    };
  if (url && /\.gguf$/i.test(url.pathname)) return { reference: { kind: "address", url: url.href } };
  return {
    problem: {
      message: `${given} is not the address of a GGUF file.`,
      remedy: "Give one that ends with .gguf.",
    },
  };
}

function hubFile(repository: string, revision: string, rest: string): ReferenceOutcome {
  const isPath = /\.gguf$/i.test(rest);
  if (isPath && /(?:^|\/)\.{0,2}(?:\/|$)|[\\:]/.test(rest))
    return { problem: { message: `${rest} is not a safe file name.`, remedy: "Name another file." } };
  const quantisation = quantisationOf(rest) ?? rest;
  const file = { quantisation, repository, revision, ...(isPath ? { path: rest } : {}) };
  return { reference: { kind: "hub", file } };
}

/** A text with a drive letter or a folder is a path; one that only looks like a name of the catalogue is a mistake. */
function notInCatalogue(
  given: string,
  name: string | undefined,
  models: readonly CatalogueModel[],
): ReferenceOutcome {
  const isPath = name === undefined || /[\\/]|\.gguf$/i.test(given) || /^[a-z]:/i.test(given);
  if (isPath) return { reference: { kind: "path", path: given } };
  return {
    problem: { message: `The catalogue has no model ${given}.`, remedy: similarTo(name, models) },
  };
}

/** A sentence with the catalogue's models of the same family, or with all models if there are none. */
export function similarTo(name: string, models: readonly CatalogueModel[]): string {
  const family = (name.split(":")[0] ?? "").toLowerCase();
  const names = models.map(model => model.name);
  const similar = names.filter(each => each.startsWith(family));
  return `The catalogue has ${(similar.length > 0 ? similar : names).join(", ")}.`;
}

/** Not followed by an underscore: the start of a longer name is another quantisation. */
const QUANTISATION = /(?:^|[-._])([IT]?Q\d(?:_[A-Z\d]+)*|MXFP4(?:_[A-Z\d]+)*|B?F16|F32)(?=[-.]|$)/i;

/** The quantisation in a file's name, or else in the name of its nearest folder that has one. */
export function quantisationOf(path: string): string | undefined {
  const names = path
    .replace(/\.gguf$/i, "")
    .split("/")
    .reverse();
  return names.map(name => QUANTISATION.exec(name)?.[1]?.toUpperCase()).find(each => each !== undefined);
}
