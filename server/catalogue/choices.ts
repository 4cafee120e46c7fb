/** The models that users can choose from: what each needs, how fast it would be here, and which is recommended. */
import type { ModelEntry } from "../protocol/index.ts";
import type { CatalogueFile, CatalogueModel } from "./catalogue.ts";
import type { FoundModel } from "./foundModels.ts";
import type { FetchedModel } from "./modelFolder.ts";
import { catalogueName } from "./reference.ts";

/** Facts about this machine and the model that runs on it. */
export interface MachineFacts {
  readonly memoryBytes: number;
  /** Memory of the graphics card, if it computes. */
  readonly graphicsBytes?: number | undefined;
  /** Memory that models on this machine take, by path, for those where a better estimate than file size is known. */
  readonly needed?: ReadonlyMap<string, number>;
  /** Figures of the loaded model: the size of its file, and what it takes here. Absent if none is loaded. */
  readonly measured?:
    | {
        readonly fileBytes: number;
        /** Milliseconds of a decode of one token. */
        readonly tokenMs: number;
        readonly prefillMsPerToken: number;
      }
    | undefined;
}

type Fit = NonNullable<ModelEntry["fit"]>;

/** The entry that is sent, plus the fields by which models are compared. */
interface ModelChoice extends ModelEntry {
  readonly parameters?: number;
  readonly place: "fetched" | FoundModel["program"] | "hub";
}

/** Memory beside the weights: for the KV cache, as a share of the file, and for buffers, whatever the model's size. */
const CACHE_SHARE = 0.08;
const BUFFER_BYTES = 256e6;
/** Shares of the memory up to which a model leaves the machine usable, and up to which it runs at all. */
const COMFORTABLE_SHARE = 0.5;
const LARGEST_SHARE = 0.8;
/** Share of a graphics card's memory that what is shown on the screen leaves for a model. */
const GRAPHICS_SHARE = 0.85;
/** A first line: prompt tokens that are computed after a keystroke, and tokens of the line. */
const KEY_TOKENS = 4;
const LINE_TOKENS = 10;
/** Users have to wait for a first line that takes longer. */
const PLEASANT_LINE_MS = 1_000;

/** Memory for a model's weights, its KV cache at the usual length, and buffers: an upper bound, in bytes. */
export const neededBytes = (fileBytes: number): number => fileBytes * (1 + CACHE_SHARE) + BUFFER_BYTES;

/**
 * `tight` means that the model takes most of the memory or, on a machine whose graphics card computes, that it is too large
 * for the card, so that the processor computes a part of it.
 * @param needed in bytes
 */
function fitOf(needed: number, { memoryBytes, graphicsBytes }: MachineFacts): Fit {
  const share = needed / memoryBytes;
  if (graphicsBytes !== undefined && needed <= GRAPHICS_SHARE * graphicsBytes) return "yes";
  if (share <= COMFORTABLE_SHARE) return graphicsBytes === undefined ? "yes" : "tight";
  return share <= LARGEST_SHARE ? "tight" : "no";
}

/**
 * Decode reads every active weight once for a token, prefill computes with each: both grow with those weights.
 * @param activeShare share of the weights that are active for a token
 */
function lineMsOf(bytes: number, activeShare: number, { measured }: MachineFacts): number | undefined {
  if (!measured) return undefined;
  const scale = (bytes * activeShare) / measured.fileBytes;
  return scale * (LINE_TOKENS * measured.tokenMs + KEY_TOKENS * measured.prefillMsPerToken);
}

/**
 * All models that can be chosen: the recommended one, the others of the catalogue in its order, then the other models on
 * this machine. Recommended is the largest model that fits well, answers quickly and may be used at work.
 */
export function modelChoices(
  models: readonly CatalogueModel[],
  fetched: readonly FetchedModel[],
  found: readonly FoundModel[],
  machine: MachineFacts,
): ModelChoice[] {
  const paths = new Map(fetched.flatMap(({ references, path }) => references.map(each => [each, path])));
  const listed = models.flatMap(model =>
    model.files.map(file => {
      const reference = catalogueName(model, file);
      const there = found.find(({ sha256 }) => sha256 !== undefined && sha256 === file.sha256);
      const place = paths.has(reference) ? "fetched" : (there?.program ?? "hub");
      const here = { place, path: paths.get(reference) ?? there?.path, bytes: there?.bytes } as const;
      return listedChoice(model, file, reference, here, machine);
    }),
  );
  const best = recommended(listed);
  const known = new Set(listed.map(({ reference }) => reference));
  const hashes = new Set(models.flatMap(({ files }) => files.flatMap(({ sha256 }) => sha256 ?? [])));
  const own = fetched
    .filter(({ references }) => !references.some(each => known.has(each)))
    .map(({ references: [reference = ""], path, bytes }) =>
      localChoice(reference, reference, { place: "fetched", path, bytes }, machine),
    );
  const others = found
    .filter(({ sha256 }) => sha256 === undefined || !hashes.has(sha256))
    .map(({ path, name, bytes, program }) =>
      localChoice(path, name, { place: program, path, bytes }, machine),
    );
  const marked = listed.map(choice => ({ ...choice, recommended: choice === best }));
  return [
    ...marked.filter(choice => choice.recommended),
    ...marked.filter(choice => !choice.recommended),
  ].concat(own, others);
}

/** Where a model is stored; its path and size if it is on this machine. */
interface Place {
  readonly place: ModelChoice["place"];
  readonly path: string | undefined;
  readonly bytes: number | undefined;
}

const needOf = (bytes: number, path: string | undefined, { needed }: MachineFacts) =>
  (path === undefined ? undefined : needed?.get(path)) ?? neededBytes(bytes);

function listedChoice(
  { title, parameters, activeParameters = parameters, licence, infilling }: CatalogueModel,
  file: CatalogueFile,
  reference: string,
  { place, path, bytes: hereBytes }: Place,
  machine: MachineFacts,
): ModelChoice {
  const bytes = file.bytes ?? hereBytes;
  const lineMs = bytes === undefined ? undefined : lineMsOf(bytes, activeParameters / parameters, machine);
  return {
    reference,
    title: `${title}, ${file.quantisation}`,
    parameters,
    licence,
    place,
    recommended: false,
    ...(bytes !== undefined && { bytes, fit: fitOf(needOf(bytes, path, machine), machine) }),
    ...(lineMs !== undefined && { lineMs }),
    ...(infilling && { singleLine: infilling.singleLine }),
  };
}

function localChoice(
  reference: string,
  title: string,
  { place, path, bytes }: Place & { readonly bytes: number },
  machine: MachineFacts,
): ModelChoice {
  const lineMs = lineMsOf(bytes, 1, machine);
  const fit = fitOf(needOf(bytes, path, machine), machine);
  return { reference, title, bytes, fit, place, recommended: false, ...(lineMs !== undefined && { lineMs }) };
}

function recommended(choices: readonly ModelChoice[]): ModelChoice | undefined {
  const good = choices.filter(
    ({ fit, lineMs, licence }) =>
      fit === "yes" && lineMs !== undefined && lineMs <= PLEASANT_LINE_MS && licence?.commercial === "yes",
  );
  return good.reduce<ModelChoice | undefined>(
    (best, choice) => ((choice.parameters ?? 0) > (best?.parameters ?? 0) ? choice : best),
    undefined,
  );
}
