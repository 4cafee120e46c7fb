/** GGUF models that other programs have on this machine: Ollama, LM Studio, llama.cpp, the Hugging Face cache. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { homeFolder, modelBytes, otherKind } from "../system/index.ts";

export interface FoundModel {
  /** The file to load. */
  readonly path: string;
  /** The name that its program uses. */
  readonly name: string;
  readonly program: "Ollama" | "LM Studio" | "llama.cpp" | "Hugging Face";
  readonly bytes: number;
  /** In hex; present if the program's file names contain it. */
  readonly sha256?: string;
}

/** Where to look. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent if the user has none. */
  readonly home: string | undefined;
  readonly platform: NodeJS.Platform;
}

const MODEL_LAYER = "application/vnd.ollama.image.model";
const DIGEST = /^sha256:([0-9a-f]{64})$/;
const SHA256 = /^[0-9a-f]{64}$/;
/** Files that are not models: those that read pictures, vocabularies of tests, all parts of a split file but the first. */
const NO_MODEL = /mmproj|^ggml-vocab|-(?!00001)\d{5}-of-\d{5}\.gguf$/i;
/** A manifest usually has about a kilobyte. */
const MAX_MANIFEST_BYTES = 1 << 20;
/** Most folders of a cache that are searched; a cache may hold anything. */
const MAX_FOLDERS = 2000;

/**
 * Models of each installed program, in that program's order. Files that cannot be read count as missing, and so do
 * files that are no models which generate text.
 */
export function foundModels(surroundings: Surroundings): FoundModel[] {
  const all = [
    ...ollamaFolders(surroundings).flatMap(ollamaModels),
    ...lmStudioFolders(surroundings).flatMap(folder => filesBelow(folder, 3).flatMap(inFolder("LM Studio"))),
    ...llamaFolders(surroundings).flatMap(folder => filesBelow(folder, 0).flatMap(inFolder("llama.cpp"))),
    ...hubFolders(surroundings).flatMap(hubModels),
  ];
  const isFirst = ({ path }: FoundModel, index: number) =>
    all.findIndex(each => each.path === path) === index;
  return all.filter(isFirst).filter(({ path }) => otherKind(path) === undefined);
}

/** Models of other programs on this machine. */
export const modelsHere = (): FoundModel[] =>
  foundModels({ environment: process.env, home: homeFolder(), platform: process.platform });

/** The models' files by the sha256 of their content, for those whose hash is known. */
export const filesByHash = (models: readonly FoundModel[]): ReadonlyMap<string, string> =>
  new Map(models.flatMap(({ sha256, path }) => (sha256 ? [[sha256, path] as const] : [])));

const below = (home: string | undefined, ...names: string[]) => (home ? [join(home, ...names)] : []);

function ollamaFolders({ environment, home, platform }: Surroundings): string[] {
  if (environment.OLLAMA_MODELS) return [environment.OLLAMA_MODELS];
  const service = platform === "linux" ? ["/usr/share/ollama/.ollama/models"] : [];
  return [...below(home, ".ollama", "models"), ...service];
}

const lmStudioFolders = ({ home }: Surroundings): string[] => [
  ...below(home, ".lmstudio", "models"),
  ...below(home, ".cache", "lm-studio", "models"),
];

function llamaFolders({ environment, home, platform }: Surroundings): string[] {
  if (environment.LLAMA_CACHE) return [environment.LLAMA_CACHE];
  if (platform === "win32") return below(environment.LOCALAPPDATA, "llama.cpp");
  if (platform === "darwin") return below(home, "Library", "Caches", "llama.cpp");
  return [...below(environment.XDG_CACHE_HOME, "llama.cpp"), ...below(home, ".cache", "llama.cpp")];
}

function hubFolders({ environment, home }: Surroundings): string[] {
  const { LLAMA_CACHE, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const own = LLAMA_CACHE ? [LLAMA_CACHE] : [];
  const named = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (named) return [...own, named];
  if (HF_HOME) return [...own, join(HF_HOME, "hub")];
  if (XDG_CACHE_HOME) return [...own, join(XDG_CACHE_HOME, "huggingface", "hub")];
  return [...own, ...below(home, ".cache", "huggingface", "hub")];
}

/** Models of Ollama by its manifests, `manifests/HOST/NAMESPACE/MODEL/TAG`; a blob's name is its hash. */
function ollamaModels(folder: string): FoundModel[] {
  const root = join(folder, "manifests");
  return filesBelow(root, 3, () => true).flatMap(manifest => {
    const [, namespace, model, tag] = manifest.slice(root.length + 1).split(/[\\/]/);
    const sha256 = modelLayer(manifest);
    if (sha256 === undefined || tag === undefined) return [];
    const path = join(folder, "blobs", `sha256-${sha256}`);
    const bytes = sizeOf(path);
    const name = `${namespace === "library" ? "" : `${namespace}/`}${model}:${tag}`;
    return bytes === undefined ? [] : [{ path, name, program: "Ollama", bytes, sha256 }];
  });
}

/** The hash of the layer that is the model, by a manifest of Ollama. */
function modelLayer(manifest: string): string | undefined {
  try {
    if (statSync(manifest).size > MAX_MANIFEST_BYTES) return undefined;
    const { layers } = JSON.parse(readFileSync(manifest, "utf8")) as {
      layers?: { mediaType?: unknown; digest?: unknown }[];
    };
    const layer = layers?.find(({ mediaType }) => mediaType === MODEL_LAYER);
    return DIGEST.exec(String(layer?.digest))?.[1];
  } catch {
    return undefined;
  }
}

/** Models of a cache of the hub: `models--OWNER--NAME/snapshots/COMMIT/FILE`, a link to a blob named by its hash. */
function hubModels(folder: string): FoundModel[] {
  return entriesIn(folder)
    .filter(({ name }) => name.startsWith("models--"))
    .flatMap(({ name }) => {
      const [, owner, ...rest] = name.split("--");
      const label = (file: string) => `${owner}/${rest.join("--")} ${basename(file)}`;
      return filesBelow(join(folder, name, "snapshots"), 4).flatMap(file =>
        inFolder("Hugging Face")(file).map(found => ({ ...found, name: label(file), ...hashOf(file) })),
      );
    });
}

function hashOf(file: string): { sha256?: string } {
  try {
    const blob = basename(realpathSync(file));
    return SHA256.test(blob) ? { sha256: blob } : {};
  } catch {
    return {};
  }
}

const inFolder =
  (program: FoundModel["program"]) =>
  (path: string): FoundModel[] => {
    const bytes = sizeOf(path);
    return bytes === undefined ? [] : [{ path, name: basename(path), program, bytes: modelBytes(path) }];
  };

const isModelName = (name: string) => /\.gguf$/i.test(name) && !NO_MODEL.test(name);

/** Files of a folder and of those below it, down to a depth. */
function filesBelow(folder: string, depth: number, wants = isModelName): string[] {
  let left = MAX_FOLDERS;
  const look = (current: string, levels: number): string[] => {
    if (--left < 0) return [];
    return entriesIn(current).flatMap(entry => {
      const path = join(current, entry.name);
      if (entry.isDirectory()) return levels > 0 ? look(path, levels - 1) : [];
      return wants(entry.name) ? [path] : [];
    });
  };
  return look(folder, depth);
}

function entriesIn(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // The folder does not exist or may not be read.
  }
}

/** Bytes of a regular file that is not empty; links are followed. */
function sizeOf(path: string): number | undefined {
  try {
    const status = statSync(path);
    return status.isFile() && status.size > 0 ? status.size : undefined;
  } catch {
    return undefined;
  }
}
