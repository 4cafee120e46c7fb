/** GGUF files that are not models for completion, recognised by the first keys of their headers. */
import { firstBytes } from "./firstBytes.ts";
import { partsOf } from "./modelParts.ts";

/** A file's kind, in words for people. */
interface OtherKind {
  /** What the file is: the rest of a sentence that begins with its name. */
  readonly what: string;
  /** What to use instead of it, as an object of "use". */
  readonly instead: string;
  /** Whether it can still be used to tokenize. */
  readonly hasTokenizer: boolean;
}

/** Architectures that compute embeddings, whatever else their files say. Decoding with some of them ends the process. */
export const EMBEDDING_ARCHITECTURES: readonly string[] = [
  "bert",
  "modern-bert",
  "neo-bert",
  "eurobert",
  "nomic-bert",
  "nomic-bert-moe",
  "jina-bert-v2",
  "jina-bert-v3",
  "gemma-embedding",
  "llama-embed",
  "t5encoder",
];

const ADAPTER: OtherKind = {
  what: "is an adapter (LoRA): it modifies another model, and completes nothing on its own",
  instead: "a file in which it is merged with the model it was made for",
  hasTokenizer: false,
};
const IMPORTANCES: OtherKind = {
  what: "is an importance matrix: it is used to quantise a model",
  instead: "the quantised model itself",
  hasTokenizer: false,
};
const PROJECTOR: OtherKind = {
  what: "reads pictures or sound for another model (mmproj)",
  instead: "the GGUF file of the language model it belongs to",
  hasTokenizer: false,
};
const EMBEDDING: OtherKind = {
  what: "computes embeddings and generates no text",
  instead: "a model that generates text, preferably one with fill-in-the-middle",
  hasTokenizer: true,
};
const VOCABULARY: OtherKind = {
  what: "holds only a vocabulary, without weights",
  instead: "the GGUF file that has the model's weights",
  hasTokenizer: true,
};

/** The kind of a GGUF file if it is no model that generates text. Undefined also for a file that cannot be read. */
export function otherKind(path: string): OtherKind | undefined {
  const head = headerOf(path);
  if (!head) return undefined;
  const { keys, tensors } = head;
  const [type, architecture = ""] = ["general.type", "general.architecture"].map(key => keys.get(key));
  const has = (prefix: string) => [...keys.keys()].some(key => key.startsWith(prefix));
  if (type === "adapter" || has("adapter.")) return ADAPTER;
  if (type === "imatrix" || has("imatrix.")) return IMPORTANCES;
  if (type === "mmproj" || architecture === "clip") return PROJECTOR;
  if (EMBEDDING_ARCHITECTURES.includes(architecture)) return EMBEDDING;
  // The first part of a split model may have no tensors.
  return tensors === 0 && partsOf(path).length === 1 ? VOCABULARY : undefined;
}

/** Writers put what a file is before the vocabulary, which is large. */
const HEAD_BYTES = 1 << 16;
const STRING = 8;
const ARRAY = 9;
/** Bytes of each type of values that all have the same length. */
const SIZES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

interface Header {
  readonly tensors: number;
  /** The first keys; texts with their values. */
  readonly keys: ReadonlyMap<string, string | undefined>;
}

function headerOf(path: string): Header | undefined {
  try {
    const head = firstBytes(path, HEAD_BYTES);
    // Earlier versions have other sizes; no program writes them any more.
    if (head.toString("latin1", 0, 4) !== "GGUF" || head.readUInt32LE(4) < 2) return undefined;
    const tensors = Number(head.readBigUInt64LE(8));
    return { tensors, keys: keysIn(head, Number(head.readBigUInt64LE(16))) };
  } catch {
    return undefined; // Whoever loads the file says what is wrong with it.
  }
}

/** The keys up to the first that does not end within `head`. */
function keysIn(head: Buffer, count: number): Map<string, string | undefined> {
  const keys = new Map<string, string | undefined>();
  let at = 24;
  const skip = (bytes: number) => {
    const start = at;
    if (!(bytes <= head.length - at)) throw new RangeError("beyond the first bytes");
    at += bytes;
    return start;
  };
  const u32 = () => head.readUInt32LE(skip(4));
  const u64 = () => Number(head.readBigUInt64LE(skip(8)));
  const text = () => {
    const bytes = u64();
    const start = skip(bytes);
    return head.toString("utf8", start, start + bytes);
  };
  const value = (type: number): string | undefined => {
    if (type === STRING) return text();
    if (type !== ARRAY) {
      skip(SIZES[type] ?? Number.NaN);
      return undefined;
    }
    const [inner, length] = [u32(), u64()];
    const size = SIZES[inner];
    if (size !== undefined) skip(size * length);
    else for (let item = 0; item < length; item++) value(inner);
    return undefined;
  };
  try {
    for (let key = 0; key < count; key++) {
      const name = text();
      keys.set(name, undefined);
      keys.set(name, value(u32()));
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return keys;
}
