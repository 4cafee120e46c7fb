/** `foretoken model`: lists, fetches, chooses, checks and removes models. */
import { accessSync, constants } from "node:fs";
import { parseArgs } from "node:util";
import { timeLeftText } from "../protocol/index.ts";
import {
  ArgumentsError,
  cacheDirectory,
  cataloguePath,
  defaultModelPath,
  interrupted,
  jsonText,
  messageOf,
  modelBytes,
  orUsageError,
  otherKind,
  printable,
  refusalOf,
  refuseOtherOptions,
  reportRetry,
  shownText,
  UsageError,
} from "../system/index.ts";
import { type CatalogueModel, readCatalogue } from "./catalogue.ts";
import { chosenModel, DEFAULT_MODEL, writeChosenModel } from "./chosenModel.ts";
import { type FetchProgress, fetchModel, modelsFolder } from "./fetchModel.ts";
import { filesByHash, modelsHere } from "./foundModels.ts";
import { isGguf } from "./gguf.ts";
import { fetchedModels, removeModel } from "./modelFolder.ts";
import { isPathReference, type ModelReference, parseReference, REFERENCES } from "./reference.ts";
import { locateModel } from "./resolveModel.ts";

export const MODEL_USAGE = `  foretoken model list [--json]        Models in the catalogue, fetched ones, and those of other programs on this machine.
  foretoken model get MODEL            Fetches a model, or continues an interrupted fetch.
  foretoken model use MODEL|default    Makes it the model that "foretoken complete" uses if none is named.
  foretoken model info MODEL           Size, licence, source and path.
  foretoken model check MODEL|default [--json] [--backend auto|cpu|cuda|vulkan|metal]
                                       Loads it and tests tokenizer, infilling, drafts and speed; tries again what
                                       has ended a process repeatedly.
  foretoken model remove MODEL         Deletes a fetched model.
      MODEL: ${REFERENCES}.
      --catalogue FILE uses another catalogue. HF_ENDPOINT names another hub, HF_TOKEN gives access.
`;

/** How often progress is written. */
const PROGRESS_MS = 500;

interface ModelCommandParts {
  /** Tests the model at a path; throws `UsageError` if it cannot be loaded. Returns whether it may be used. */
  check(path: string, options: { readonly json: boolean; readonly backend: string }): Promise<boolean>;
}

/** Decimal megabytes, as the hub shows sizes. */
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;

/** `foretoken model ...`. Throws a `UsageError` for arguments that are not understood and for actions that fail. */
export async function modelCommand(args: string[], { check }: ModelCommandParts): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      backend: { type: "string" },
      catalogue: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(`Usage:\n${MODEL_USAGE}`);
    return;
  }
  const { action, given } = askedFor(positionals);
  refuseOtherOptions(values, ACTION_OPTIONS[action], `model ${action}`);
  const { models } = orUsageError(readCatalogue(values.catalogue ?? cataloguePath()));
  const folder = modelsFolder(cacheDirectory());
  if (action === "list") return list(models, folder, values.json === true);
  if (action === "get") return get(given, models, folder);
  if (action === "use") return use(given, models, folder);
  if (action === "info") return info(given, models, folder);
  if (action === "remove") return remove(given, models, folder);
  const path = fileOf(given, models, folder);
  const isGood = await check(path, { json: values.json === true, backend: values.backend ?? "auto" });
  if (!isGood) process.exitCode = 1;
}

const ACTIONS = ["list", "get", "use", "info", "check", "remove"] as const;
type Action = (typeof ACTIONS)[number];

const ACTION_OPTIONS: Readonly<Record<Action, readonly string[]>> = {
  list: ["catalogue", "json"],
  get: ["catalogue"],
  use: ["catalogue"],
  info: ["catalogue"],
  check: ["catalogue", "json", "backend"],
  remove: ["catalogue"],
};

/** The action, and the model it applies to: an empty text for the list. */
function askedFor([action, given, surplus]: readonly string[]): {
  readonly action: Action;
  readonly given: string;
} {
  const known = ACTIONS.find(name => name === action);
  if (!known)
    throw new ArgumentsError(
      action === undefined ? "model needs an action." : `There is no action ${action}.`,
    );
  const last = known === "list" ? given : surplus;
  if (last !== undefined)
    throw new ArgumentsError(
      `${last} is one too many: model ${known} takes ${known === "list" ? "no" : "one"} model.`,
    );
  if (known !== "list" && given === undefined) throw new ArgumentsError(`model ${known} needs a model.`);
  return { action: known, given: given ?? "" };
}

/** The file of a model on this machine, including the bundled one. Throws a `UsageError` if there is none. */
const fileOf = (given: string, models: readonly CatalogueModel[], folder: string): string =>
  given === DEFAULT_MODEL ? defaultModelPath() : orUsageError(locateModel(given, models, folder)).path;

function list(models: readonly CatalogueModel[], folder: string, json: boolean): void {
  const fetched = fetchedModels(folder);
  const others = modelsHere();
  if (json) {
    process.stdout.write(`${jsonText({ catalogue: models, fetched, found: others }, 2)}\n`);
    return;
  }
  const lines = models.map(({ name, files, licence, infilling }) => {
    const sizes = files.map(({ quantisation, bytes }) =>
      bytes === undefined ? quantisation : `${quantisation} (${megabytes(bytes)})`,
    );
    const work = licence.commercial === "no" ? ", not for commercial use" : "";
    const figure = infilling ? `; infilling, single line ${infilling.singleLine}%` : "";
    return `  ${name.padEnd(24)} ${sizes.join(", ")}; ${licence.name}${work}${figure}`;
  });
  const here = [
    ...fetched.map(
      ({ references, bytes, path }) =>
        `  ${references.map(withoutQuery).join(", ")} (${megabytes(bytes)}): ${path}`,
    ),
    ...others.map(({ program, name, bytes, path }) => `  ${program}: ${name} (${megabytes(bytes)}): ${path}`),
  ];
  const nothing = ["  none; fetch one with: foretoken model get NAME"];
  const sections = ["Catalogue:", ...lines, "", "On this machine:", ...(here.length > 0 ? here : nothing)];
  process.stdout.write(`${sections.map(printable).join("\n")}\n`);
}

/** Fetches a model and prints its path; an interrupt keeps what has arrived, and the next call continues there. */
async function get(given: string, models: readonly CatalogueModel[], folder: string): Promise<void> {
  if (given === DEFAULT_MODEL)
    throw new UsageError("The default model is included: there is nothing to download.");
  const { reference } = orUsageError(parseReference(given, models));
  if (reference.kind === "path") {
    const { path } = orUsageError(locateModel(given, models, folder));
    throw new UsageError(`${path} is on this machine: there is nothing to fetch. A model is ${REFERENCES}.`);
  }
  if (reference.kind === "hub" && reference.model)
    process.stderr.write(
      `${printable(`${reference.model.title}: licence ${licenceOf(reference.model)}.`)}\n`,
    );
  const interrupt = interrupted("The fetch was interrupted. The same command continues where it stopped.");
  const outcome = await fetchModel(reference, folder, {
    reference: given,
    present: filesByHash(modelsHere()),
    signal: interrupt,
    onProgress: progressWriter(),
    onRetry: reportRetry,
  });
  if ("problem" in outcome) interrupt.throwIfAborted();
  process.stdout.write(`${shownText(orUsageError(outcome).path, process.stdout)}\n`);
}

const TERMS = { yes: "", no: ", which forbids commercial use", restricted: ", with terms of use" } as const;

const licenceOf = ({ licence }: CatalogueModel) => `${licence.name}${TERMS[licence.commercial]}`;

/** Writes progress on one line of a terminal, or from time to time to other outputs. */
function progressWriter(): (progress: FetchProgress) => void {
  let at = 0;
  const { isTTY } = process.stderr;
  const interval = isTTY ? PROGRESS_MS : 20 * PROGRESS_MS;
  return ({ bytes, totalBytes, bytesPerSecond, leftMs }) => {
    const isWhole = bytes === totalBytes;
    if (performance.now() - at < interval && !isWhole) return;
    at = performance.now();
    const rate = bytesPerSecond > 0 ? `, ${megabytes(bytesPerSecond)}/s${timeLeftText(leftMs)}` : "";
    const line = `${megabytes(bytes)} of ${megabytes(totalBytes)}${rate}`;
    process.stderr.write(isTTY ? `\r\u001b[K${line}${isWhole ? "\n" : ""}` : `${line}\n`);
  };
}

/** Makes a model the command line's default; the editor has its own setting. */
function use(given: string, models: readonly CatalogueModel[], folder: string): void {
  const isDefault = given === DEFAULT_MODEL;
  const path = fileOf(given, models, folder);
  refuseOthers(path);
  orUsageError(writeChosenModel(cacheDirectory(), isDefault ? undefined : path));
  const setting = isDefault ? "" : isPathReference(given) ? path : given;
  process.stdout.write(
    `The command line uses ${isDefault ? "the default model" : printable(path)}. In the editor: "foretoken.modelPath": ${jsonText(setting)}\n`,
  );
}

/** Throws a `UsageError` for a path that is not the file of a model that generates text. */
function refuseOthers(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new UsageError(refusalOf(error, path));
  }
  if (!isGguf(path)) throw new UsageError(`${path} is not a GGUF file. A model is ${REFERENCES}.`);
  const kind = otherKind(path);
  if (kind) throw new UsageError(`${path} ${kind.what}. Use ${kind.instead}.`);
}

function info(given: string, models: readonly CatalogueModel[], folder: string): void {
  const isDefault = given === DEFAULT_MODEL;
  const { reference } = orUsageError(parseReference(isDefault ? defaultModelPath() : given, models));
  const located = isDefault ? { path: defaultModelPath() } : locateModel(given, models, folder);
  // A model that has not been fetched is described as well; a path without a file is a mistake.
  if (reference.kind === "path") refuseOthers(orUsageError(located).path);
  const path = "path" in located ? located.path : undefined;
  const model = reference.kind === "hub" ? reference.model : undefined;
  const lines: [string, string | undefined][] = [
    ["Name", model?.title],
    ["Parameters", model && `${(model.parameters / 1e9).toFixed(1)} billion`],
    ["Licence", model && licenceOf(model)],
    ["Context", model?.contextTokens === undefined ? undefined : `${model.contextTokens} tokens`],
    [
      "Infilling",
      model?.infilling && `${model.infilling.singleLine}% of single lines (${model.infilling.source})`,
    ],
    ["Source", originOf(reference)],
    ["Path", path ?? "not on this machine"],
    ["Size", path && megabytes(modelBytes(path))],
  ];
  for (const [label, value] of lines)
    if (value !== undefined) process.stdout.write(`${`${label}:`.padEnd(12)} ${printable(value)}\n`);
}

/** A reference for the screen: the query of an address may contain an access token. */
const withoutQuery = (reference: string) =>
  /^https?:/i.test(reference) ? reference.replace(/\?.*/s, "?...") : reference;

/** Where a model can be fetched from; undefined for a local file. */
function originOf(reference: ModelReference): string | undefined {
  if (reference.kind === "path") return undefined;
  if (reference.kind === "address") return withoutQuery(reference.url);
  const { repository, path, quantisation } = reference.file;
  return `${repository} ${path ?? quantisation}`;
}

/** Deletes a fetched model's file. Files of other programs are left alone. */
function remove(given: string, models: readonly CatalogueModel[], folder: string): void {
  const path = fileOf(given, models, folder);
  const model = fetchedModels(folder).find(each => each.path === path);
  if (!model)
    throw new UsageError(`${path} was not fetched by Foretoken and is left in place. Delete it yourself.`);
  try {
    removeModel(folder, model);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be deleted: ${messageOf(error)}. Choose another model in the editors that use it, or close them, and try again.`,
    );
  }
  process.stdout.write(`Removed ${printable(path)} (${megabytes(model.bytes)}).\n`);
  if (chosenModel(cacheDirectory()) !== path) return;
  orUsageError(writeChosenModel(cacheDirectory(), undefined));
  process.stdout.write("The command line uses the default model again.\n");
}
