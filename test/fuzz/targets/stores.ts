/** Stores with damaged files: refused with a reason, or searched without harm; and no damage is hidden from a check. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildStore } from "../../../datastores/build/build.ts";
import { listStores, openStore, verifyStore } from "../../../datastores/build/stores.ts";
import { StoreError } from "../../../datastores/document.ts";
import { Lookup } from "../../../datastores/index/lookup.ts";
import type { Store } from "../../../datastores/index/store.ts";
import { StoreRegistry } from "../../../server/corpus/storeRegistry.ts";
import { seeded } from "../../fakes/random.ts";
import { takesAll } from "../../fakes/takesAll.ts";
import { damaged, oddValue, pick } from "../random.ts";
import type { FuzzTarget, Random } from "../target.ts";

const letters = (text: string) => Int32Array.from(text, letter => letter.charCodeAt(0));
const WORDS = ["value", "return", "items", " = ", "(", ")", "\n", "    ", "def ", "for ", " in "];

async function build(directory: string): Promise<void> {
  const random = seeded(7);
  const text = () => Array.from({ length: 60 }, () => pick(random, WORDS)).join("");
  const more = { path: "a.py", repositories: ["owner/name"], licences: ["MIT"], contentId: "" };
  const documents = Array.from({ length: 40 }, (_, i) => ({ text: text(), origin: `file ${i}`, ...more }));
  await buildStore({
    directory,
    name: "fuzz",
    sources: ["here"],
    inputs: [
      {
        name: "a",
        identity: "a",
        bytes: 1,
        async *documents() {
          yield* documents;
        },
      },
    ],
    share: { index: 0, count: 1 },
    filter: takesAll,
    tokenizer: { parallel: 1, tokenize: async texts => texts.map(letters) },
    tokenizerEntry: { fingerprint: "letters", vocabularySize: 128, model: "letters" },
    memoryBytes: 1 << 20,
    builder: "fuzz",
    signal: new AbortController().signal,
  });
}

/** What is expected of a store with a fault: its reason. Any other error is a fault of ours. */
function expecting<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof StoreError, `an error of another kind: ${(error as Error).stack}`);
    assert.ok(error.problem.message !== "" && error.problem.remedy !== "");
    return undefined;
  }
}

/** A value of a manifest replaced by anything. */
function oddManifest(text: string, random: Random): string {
  const manifest = JSON.parse(text);
  let at = manifest;
  for (;;) {
    const key = pick(random, Object.keys(at));
    if (
      typeof at[key] === "object" &&
      at[key] !== null &&
      Object.keys(at[key]).length > 0 &&
      random() < 0.7
    ) {
      at = at[key];
      continue;
    }
    at[key] = oddValue(random);
    return JSON.stringify(manifest);
  }
}

/** What searches find in a store. */
function found(store: Store): unknown[] {
  const lookup = new Lookup(store, { samples: 8 });
  return ["return items", "def value(", "zzz", ""].map(context => {
    const tokens = letters(context);
    lookup.find(tokens, tokens.length);
    const { count, matchLength, occurrences, continuation } = lookup;
    assert.ok(count >= 0 && count <= 8 && matchLength <= 64);
    const origins = Array.from({ length: count }, (_, row) => expecting(() => lookup.document(row)?.origin));
    return {
      matchLength,
      occurrences,
      origins,
      texts: [...lookup.continuations.slice(0, count * continuation)],
    };
  });
}

function attempt(random: Random, sound: string, wanted: readonly unknown[], folder: string): void {
  const directory = join(folder, "datastores", "store");
  rmSync(directory, { recursive: true, force: true });
  cpSync(sound, directory, { recursive: true });
  const names = readdirSync(directory).filter(name => /\.(json|fts)$/.test(name));
  const name = pick(random, names);
  const file = join(directory, name);
  const before = readFileSync(file);
  const isManifest = name.endsWith(".json");
  const after =
    isManifest && random() < 0.7
      ? Buffer.from(oddManifest(before.toString(), random))
      : damaged(before, random);
  writeFileSync(file, after);
  const results: unknown[][] = [];
  for (const residence of ["file", "memory"] as const) {
    const store = expecting(() => openStore(directory, residence));
    if (!store) continue;
    try {
      results.push(found(store));
    } finally {
      store.close();
    }
  }
  const isVerified = expecting(() => verifyStore(directory) ?? true);
  // What changes nothing may pass, as zeros between the sections.
  if (!isManifest && isVerified)
    assert.deepEqual(results, [wanted, wanted], `damage in ${name} is not found`);
  expecting(() => listStores(join(folder, "datastores")));
  const registry = new StoreRegistry(folder, () => {});
  registry.adopt({ fingerprint: "letters", modelPath: "" });
  registry.dispose();
}

export const stores: FuzzTarget = {
  name: "stores",
  async open(folder) {
    const sound = join(folder, "sound");
    await build(sound);
    const store = openStore(sound);
    const wanted = found(store);
    store.close();
    return {
      attempt: async random => attempt(random, sound, wanted, folder),
      async close() {},
    };
  },
};
